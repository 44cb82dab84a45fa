"""The commands as Discord shows them: a slash command for each, and an entry in the menu of messages."""

import hashlib
import json
from typing import Any, Protocol

import discord
from discord import app_commands

from bot.assistant import FEEDBACK_CHOICES, FORGET_CHOICES, LANGUAGE_CHOICES, LISTEN_CHOICES, STATS_CHOICES, CommandName
from bot.conversation import Mode
from bot.texts import DEFAULT_LANGUAGE, best_language, texts_in

_PLAIN = (CommandName.GENRES, CommandName.HELP, CommandName.ABOUT, CommandName.CONTACT)
_CHOICES: dict[CommandName, tuple[str, ...]] = {
    CommandName.LANGUAGE: LANGUAGE_CHOICES,
    CommandName.MODE: tuple(Mode),
    CommandName.LISTEN: LISTEN_CHOICES,
    CommandName.STATS: STATS_CHOICES,
    CommandName.FORGET: FORGET_CHOICES,
}


class CommandDesk(Protocol):
    """What runs when somebody uses a command."""

    async def on_command(self, interaction: discord.Interaction, name: CommandName, argument: str) -> None: ...

    async def on_genre(
        self, interaction: discord.Interaction, attachment: discord.Attachment, offset: str | None, *, whole_track: bool
    ) -> None: ...

    async def on_compare(
        self, interaction: discord.Interaction, first: discord.Attachment, second: discord.Attachment
    ) -> None: ...

    async def on_menu(self, interaction: discord.Interaction, message: discord.Message) -> None: ...


class LocaleTranslator(app_commands.Translator):
    """Names and descriptions from the locale files; the key travels with each string."""

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, _: app_commands.TranslationContextTypes
    ) -> str | None:
        language = best_language(locale.value)
        if "key" not in string.extras or language == DEFAULT_LANGUAGE:
            return None
        return texts_in(language)(string.extras["key"])


def add_commands(tree: "app_commands.CommandTree[Any]", desk: CommandDesk) -> None:
    """Put every command into the tree."""
    for name in _PLAIN:
        tree.add_command(_plain(name, desk))
    for name, choices in _CHOICES.items():
        tree.add_command(_with_choices(name, choices, desk))
    tree.add_command(_offset(desk))
    tree.add_command(_privacy(desk))
    tree.add_command(_genre(desk))
    tree.add_command(_track(desk))
    tree.add_command(_compare(desk))
    tree.add_command(app_commands.ContextMenu(name=_text("command-menu"), callback=_menu_callback(desk)))


async def fingerprint(tree: "app_commands.CommandTree[Any]") -> str:
    """A hash over everything that Discord would be told about the commands."""
    assert tree.translator is not None
    told = [await command.get_translated_payload(tree, tree.translator) for command in tree.get_commands()]
    told += [
        await menu.get_translated_payload(tree, tree.translator)
        for menu in tree.get_commands(type=discord.AppCommandType.message)
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _plain(name: CommandName, desk: CommandDesk) -> "app_commands.Command[Any, ..., None]":
    async def callback(interaction: discord.Interaction) -> None:
        await desk.on_command(interaction, name, "")

    return app_commands.Command(name=name.value, description=_text(f"command-{name}"), callback=callback)


def _with_choices(
    name: CommandName, choices: tuple[str, ...], desk: CommandDesk
) -> "app_commands.Command[Any, ..., None]":
    @app_commands.choices(value=[app_commands.Choice(name=str(choice), value=str(choice)) for choice in choices])
    @app_commands.describe(value=_text(f"command-{name}-value"))
    async def callback(interaction: discord.Interaction, value: str | None = None) -> None:
        await desk.on_command(interaction, name, value or "")

    return app_commands.Command(name=name.value, description=_text(f"command-{name}"), callback=callback)


def _offset(desk: CommandDesk) -> "app_commands.Command[Any, ..., None]":
    @app_commands.describe(value=_text("command-offset-value"))
    async def callback(interaction: discord.Interaction, value: str | None = None) -> None:
        await desk.on_command(interaction, CommandName.OFFSET, value or "")

    name = CommandName.OFFSET
    return app_commands.Command(name=name.value, description=_text(f"command-{name}"), callback=callback)


def _privacy(desk: CommandDesk) -> "app_commands.Command[Any, ..., None]":
    @app_commands.choices(feedback=[app_commands.Choice(name=choice, value=choice) for choice in FEEDBACK_CHOICES])
    @app_commands.describe(feedback=_text("command-privacy-feedback"))
    async def callback(interaction: discord.Interaction, feedback: str | None = None) -> None:
        await desk.on_command(interaction, CommandName.PRIVACY, feedback or "")

    name = CommandName.PRIVACY
    return app_commands.Command(name=name.value, description=_text(f"command-{name}"), callback=callback)


def _genre(desk: CommandDesk) -> "app_commands.Command[Any, ..., None]":
    @app_commands.describe(track=_text("command-genre-track"), offset=_text("command-genre-offset"))
    async def callback(interaction: discord.Interaction, track: discord.Attachment, offset: str | None = None) -> None:
        await desk.on_genre(interaction, track, offset, whole_track=False)

    name = CommandName.GENRE
    return app_commands.Command(name=name.value, description=_text(f"command-{name}"), callback=callback)


def _track(desk: CommandDesk) -> "app_commands.Command[Any, ..., None]":
    @app_commands.describe(track=_text("command-genre-track"))
    async def callback(interaction: discord.Interaction, track: discord.Attachment) -> None:
        await desk.on_genre(interaction, track, None, whole_track=True)

    name = CommandName.TRACK
    return app_commands.Command(name=name.value, description=_text(f"command-{name}"), callback=callback)


def _compare(desk: CommandDesk) -> "app_commands.Command[Any, ..., None]":
    @app_commands.describe(first=_text("command-compare-first"), second=_text("command-compare-second"))
    async def callback(interaction: discord.Interaction, first: discord.Attachment, second: discord.Attachment) -> None:
        await desk.on_compare(interaction, first, second)

    name = CommandName.COMPARE
    return app_commands.Command(name=name.value, description=_text(f"command-{name}"), callback=callback)


def _menu_callback(desk: CommandDesk) -> Any:
    async def callback(interaction: discord.Interaction, message: discord.Message) -> None:
        await desk.on_menu(interaction, message)

    return callback


def _text(key: str) -> app_commands.locale_str:
    return app_commands.locale_str(texts_in(DEFAULT_LANGUAGE)(key), key=key)
