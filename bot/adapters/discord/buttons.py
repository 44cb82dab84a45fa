"""What stands under an answer on Discord: buttons and a menu that last, for everything they need is in their ids."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

import discord

from bot.offsets import part_start, part_text
from bot.replies import Reply
from bot.votes import Verdict, Vote

_PART = r"(?P<part>[\d.]+|all)"
_PLACE = r"(?P<channel>\d+):(?P<message>\d+):(?P<place>\d+)"
_VOTES_ROW = 1
_LABEL_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file stands: its message and its place in it. Channel 0: it came with a command, not with a message."""

    channel_id: int
    message_id: int
    place: int

    @property
    def text(self) -> str:
        return f"{self.channel_id}:{self.message_id}:{self.place}"


@runtime_checkable
class ButtonDesk(Protocol):
    """What runs when somebody presses a button: the client that put it there."""

    async def on_another(
        self, interaction: discord.Interaction, source: Source, from_s: float | None, owner_id: str
    ) -> None: ...

    async def on_vote(
        self,
        interaction: discord.Interaction,
        source: Source,
        from_s: float | None,
        *,
        verdict: str,
        shown: str,
        corrected: str | None = None,
    ) -> None: ...

    async def on_file(self, interaction: discord.Interaction, source: Source) -> None: ...


class AnotherButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=re.compile(rf"another:{_PART}:(?P<owner>\d+):{_PLACE}")
):
    """Another part of the file, or all of it."""

    def __init__(self, label: str, from_s: float | None, owner_id: str, source: Source) -> None:
        self._from_s, self._owner_id, self._source = from_s, owner_id, source
        custom_id = f"another:{part_text(from_s)}:{owner_id}:{source.text}"
        super().__init__(discord.ui.Button(label=label, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(_label_of(item), part_start(match["part"]), match["owner"], _source_in(match))

    async def callback(self, interaction: discord.Interaction) -> None:
        await _desk(interaction).on_another(interaction, self._source, self._from_s, self._owner_id)


class VoteButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=re.compile(rf"vote:(?P<verdict>right|wrong):(?P<shown>\w+):{_PART}:{_PLACE}"),
):
    """A verdict on the answer above it; anybody may press it."""

    def __init__(self, label: str, verdict: str, shown: str, from_s: float | None, source: Source) -> None:
        self._verdict, self._shown, self._from_s, self._source = verdict, shown, from_s, source
        custom_id = f"vote:{verdict}:{shown}:{part_text(from_s)}:{source.text}"
        button = discord.ui.Button[Any](label=label, custom_id=custom_id, style=discord.ButtonStyle.secondary)
        super().__init__(button, row=_VOTES_ROW)

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        part = part_start(match["part"])
        return cls(_label_of(item), match["verdict"], match["shown"], part, _source_in(match))

    async def callback(self, interaction: discord.Interaction) -> None:
        desk = _desk(interaction)
        await desk.on_vote(interaction, self._source, self._from_s, verdict=self._verdict, shown=self._shown)


class CorrectionMenu(
    discord.ui.DynamicItem[discord.ui.Select[Any]],
    template=re.compile(rf"correct:(?P<shown>\w+):{_PART}:{_PLACE}"),
):
    """What is right, after an answer was called wrong."""

    def __init__(self, shown: str, from_s: float | None, source: Source, options: list[discord.SelectOption]) -> None:
        self._shown, self._from_s, self._source = shown, from_s, source
        custom_id = f"correct:{shown}:{part_text(from_s)}:{source.text}"
        super().__init__(discord.ui.Select(custom_id=custom_id, options=options))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(match["shown"], part_start(match["part"]), _source_in(match), list(getattr(item, "options", ())))

    async def callback(self, interaction: discord.Interaction) -> None:
        corrected = self.item.values[0]
        await _desk(interaction).on_vote(
            interaction, self._source, self._from_s, verdict=Verdict.WRONG, shown=self._shown, corrected=corrected
        )


class FileMenu(
    discord.ui.DynamicItem[discord.ui.Select[Any]],
    template=re.compile(r"file:(?P<channel>\d+):(?P<message>\d+)"),
):
    """One of the files that an answer is about: whoever chooses it gets its own answer, with its buttons."""

    def __init__(self, channel_id: int, message_id: int, placeholder: str, options: list[discord.SelectOption]) -> None:
        self._channel_id, self._message_id = channel_id, message_id
        custom_id = f"file:{channel_id}:{message_id}"
        super().__init__(discord.ui.Select(custom_id=custom_id, placeholder=placeholder, options=options))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        options = list(getattr(item, "options", ()))
        return cls(int(match["channel"]), int(match["message"]), getattr(item, "placeholder", None) or "…", options)

    async def callback(self, interaction: discord.Interaction) -> None:
        source = Source(self._channel_id, self._message_id, int(self.item.values[0]))
        await _desk(interaction).on_file(interaction, source)


def view_of(reply: Reply, source: Source, owner_id: str) -> discord.ui.View | None:
    """The buttons of an answer; None where it has none."""
    if not reply.parts:
        return None
    view = discord.ui.View(timeout=None)
    for part in reply.parts:
        view.add_item(AnotherButton(part.label, part.from_s, owner_id, source))
    if vote := reply.vote:
        for verdict, label in ((Verdict.RIGHT, vote.right), (Verdict.WRONG, vote.wrong)):
            view.add_item(VoteButton(label, verdict, vote.shown, vote.from_s, source))
    return view


def files_view(replies: Sequence[Reply], sources: Sequence[Source], placeholder: str) -> discord.ui.View | None:
    """The menu of the files that have been answered together; None where none has an answer."""
    options = [
        discord.SelectOption(label=_fitting(reply.name) or str(source.place + 1), value=str(source.place))
        for reply, source in zip(replies, sources, strict=True)
        if reply.parts
    ]
    if not options:
        return None
    menu = FileMenu(sources[0].channel_id, sources[0].message_id, placeholder, options)
    return discord.ui.View(timeout=None).add_item(menu)


def choice_view(reply: Reply, vote: Vote, from_s: float | None, source: Source) -> discord.ui.View | None:
    """The menu of what is right instead; None where nothing is to be chosen."""
    if not reply.choices:
        return None
    options = [discord.SelectOption(label=choice.label, value=choice.value) for choice in reply.choices]
    return discord.ui.View(timeout=None).add_item(CorrectionMenu(vote.shown, from_s, source, options))


def place_of(message: discord.Message, place: int) -> Source:
    return Source(message.channel.id, message.id, place)


def _desk(interaction: discord.Interaction) -> ButtonDesk:
    client = interaction.client
    assert isinstance(client, ButtonDesk)
    return client


def _fitting(label: str) -> str:
    return label if len(label) <= _LABEL_LENGTH else f"{label[: _LABEL_LENGTH - 1]}…"


def _label_of(item: discord.ui.Item[Any]) -> str:
    return getattr(item, "label", None) or "…"


def _source_in(match: re.Match[str]) -> Source:
    return Source(int(match["channel"]), int(match["message"]), int(match["place"]))
