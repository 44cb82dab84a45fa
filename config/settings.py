"""Every limit and default in one typed, frozen object; each field is an environment variable of the same name."""

import codecs
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What a connection shows and believes."""

    ca_file: Path
    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Shards:
    """The shards of one process, of `count` in all."""

    first: int
    last: int
    count: int

    @property
    def ids(self) -> list[int]:
        return list(range(self.first, self.last + 1))


class SettingsError(Exception):
    """A setting that cannot be used; the text is one line that names the variable."""


class Settings(BaseSettings):
    """What can be set. Durations are in seconds, sizes in mebibytes."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    discord_token: SecretStr | None = Field(None, description="bot token from the Discord developer portal")
    telegram_token: SecretStr | None = Field(None, description="bot token from @BotFather")

    database_url: SecretStr = Field(
        SecretStr("sqlite:///genre-bot.sqlite3"),
        description="where chats' settings and feedback are kept: SQLite or PostgreSQL",
    )
    discord_message_content: bool = Field(
        True, description="false: do without Discord's message content intent, answer only when asked"
    )
    discord_shards: str | None = Field(
        None,
        pattern=r"^\d+(-\d+)?/[1-9]\d*$",
        description="which shards this process serves, of how many: 0-3/16; without it, all that Discord asks for",
    )
    discord_proxy: str | None = Field(None, description="HTTP proxy for Discord")
    discord_api_base: str | None = Field(None, description="another Discord API, for tests: http://host/api/v10")
    discord_gateway_url: str | None = Field(None, description="another Discord gateway, for tests: ws://host")
    telegram_webhook_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#]+[^?#]*$",
        description="Telegram calls the page's port under this address instead of being asked: https://bot.example.org",
    )
    telegram_proxy: str | None = Field(None, description="HTTP proxy for Telegram; socks5://… with the extra `socks`")
    telegram_base_url: str | None = Field(None, description="another Bot API server: http://host/bot")
    telegram_base_file_url: str | None = Field(None, description="its files: http://host/file/bot")
    telegram_local_mode: bool = Field(
        False, description="true: that server runs with --local, so files may be larger than 20 MB"
    )

    web_host: str = Field("127.0.0.1", min_length=1, description="address the web page listens on")
    web_port: int = Field(
        5000,
        ge=1,
        le=65535,
        validation_alias=AliasChoices("web_port", "port"),
        description="port of the web page; without it PORT is taken, which many hosts set",
    )

    web_hosts: str = Field(
        "", description="names under which browsers reach the page, if not this machine's: a.example"
    )
    web_connections: int = Field(128, ge=8, description="connections that the page takes at a time")

    metrics_token: SecretStr | None = Field(
        None, description="who has it may read /metrics and the details of /healthz; without one, only this machine"
    )
    admin_chat: str | None = Field(
        None,
        pattern=r"^(telegram:-?\d+|discord:\d+)$",
        description="a chat that hears when something does not work: telegram:123 or discord:456",
    )
    contact: str = Field("", max_length=500, description="what /contact says: whom people can turn to")
    blocked: str = Field("", description="people, chats and servers that are not answered: telegram:123, discord:456")

    feedback: bool = Field(
        True, description="false: nobody is asked whether an answer was right, and nothing about it is kept"
    )

    listen_on: bool = Field(
        True, description="false: the asked 3 seconds answer alone, even where they are not enough to be certain"
    )
    default_offset_s: float = Field(30.0, ge=0, le=3600, description="seconds skipped at the start of a track")
    max_offset_s: float = Field(3600.0, gt=0, le=86400, description="largest offset a person may ask for")
    max_upload_mb: float = Field(100.0, gt=0, le=2048, description="largest file that is accepted")
    upload_timeout_s: float = Field(120.0, gt=0, description="how long one upload or download may take")

    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        default_factory=lambda: min(4, os.cpu_count() or 1),
        description="worker processes (default: one a core, up to 4)",
    )
    job_timeout_s: float = Field(30.0, gt=0, description="a worker that needs longer for one file is replaced")
    jobs_per_worker: int = Field(1000, ge=1, description="a worker is replaced after so many files")
    worker_memory_mb: float = Field(
        2048.0, ge=512, description="memory one worker may take; it is replaced beyond that"
    )
    dask_scheduler: str | None = Field(
        None,
        pattern=r"^(tcp|tls|ws|wss)://.+",
        description="files are worked on by this Dask cluster instead of by processes here: tcp://host:8786",
    )
    dask_tls_ca_file: Path | None = Field(None, description="certificate authority of a cluster at tls://…")
    dask_tls_cert: Path | None = Field(None, description="this bot's certificate for it")
    dask_tls_key: Path | None = Field(None, description="and its key")
    queue_limit: int = Field(32, ge=1, description="files that may wait; more are refused at once")
    max_held_mb: float = Field(512.0, gt=0, description="with more than this waiting in memory, files are refused")
    cache_entries: int = Field(100, ge=0, description="answers kept in memory (numbers and pictures, no audio)")

    user_burst: int = Field(10, ge=1, description="files one person may send at once")
    user_per_minute: float = Field(10.0, gt=0, description="and how fast that fills up again")
    chat_burst: int = Field(20, ge=1, description="files that may come at once in one chat")
    chat_per_minute: float = Field(30.0, gt=0, description="and how fast that fills up again")
    max_message_age_s: float = Field(3600.0, gt=0, description="Telegram messages older than this stay unanswered")

    model: Literal["default", "reference"] = Field("default", description="which of the two shipped models answers")
    model_bundle: Path | None = Field(None, description="folder of another model bundle, instead of a shipped one")
    model_runtime: Literal["litert", "keras"] = Field("litert", description="what runs the network")
    log_format: Literal["text", "json"] = Field("text", description="json: each log line is an object")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="how much is logged")

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        for less, more in (("default_offset_s", "max_offset_s"), ("max_upload_mb", "max_held_mb")):
            if getattr(self, less) > getattr(self, more):
                values = f"{getattr(self, less):g} is more than {more.upper()}, {getattr(self, more):g}"
                raise ValueError(f"{less.upper()}: {values}")
        files = (self.dask_tls_ca_file, self.dask_tls_cert, self.dask_tls_key)
        if any(files) and not all(files):
            raise ValueError("DASK_TLS_CA_FILE: set it together with DASK_TLS_CERT and DASK_TLS_KEY, or none")
        if self.dask_scheduler and self.dask_scheduler.startswith(("tls", "wss")) and not all(files):
            raise ValueError("DASK_SCHEDULER: tls://… needs DASK_TLS_CA_FILE, DASK_TLS_CERT and DASK_TLS_KEY")
        if (shards := self.shards) and not shards.first <= shards.last < shards.count:
            raise ValueError("DISCORD_SHARDS: first-last/count, from 0 on: 0-3/16 are the first four of sixteen")
        return self

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    def secret_names(self) -> list[str]:
        """The variables that hold something secret."""
        return [name.upper() for name, field in type(self).model_fields.items() if "SecretStr" in str(field.annotation)]

    def secrets(self) -> list[str]:
        """The values that no log may show: tokens, and the password inside the database's URL."""
        kept = (self.discord_token, self.telegram_token, self.metrics_token)
        tokens = [token.get_secret_value() for token in kept if token]
        password = urlsplit(self.database_url.get_secret_value()).password
        return [*tokens, *([unquote(password), password] if password else [])]

    def is_blocked(self, platform: str, *numbers: int | None) -> bool:
        """Whether a person, a chat or a server is on the list."""
        names = {name.strip() for name in self.blocked.split(",")}
        return any(f"{platform}:{number}" in names for number in numbers if number is not None)

    @property
    def shards(self) -> Shards | None:
        """The shards of this process; None where Discord says how many there are, and all are this one's."""
        if self.discord_shards is None:
            return None
        ids, _, count = self.discord_shards.partition("/")
        first, _, last = ids.partition("-")
        return Shards(int(first), int(last or first), int(count))

    @property
    def dask_tls(self) -> TlsFiles | None:
        """What the cluster is reached with, if that is set."""
        if self.dask_tls_ca_file and self.dask_tls_cert and self.dask_tls_key:
            return TlsFiles(self.dask_tls_ca_file, self.dask_tls_cert, self.dask_tls_key)
        return None

    @property
    def max_upload_bytes(self) -> int:
        return int(self.max_upload_mb * MEBIBYTE)

    @property
    def max_held_bytes(self) -> int:
        return int(self.max_held_mb * MEBIBYTE)


def load_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings; variables of the environment win over the file.

    Raises `SettingsError` naming the first variable that has an unusable value (never the value of a secret), or the
    file where that cannot be read.
    """
    encoding = _encoding_of(env_file) if env_file and env_file.is_file() else "utf-8"
    try:
        return Settings(_env_file=env_file, _env_file_encoding=encoding)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = f"{str(first['loc'][0]).upper()}: " if first["loc"] else ""
        raise SettingsError(f"{name}{first['msg'].removeprefix('Value error, ')}") from error


def _encoding_of(env_file: Path) -> str:
    """UTF-8, or UTF-16 with its mark, as PowerShell's `>` writes it. Raises `SettingsError` for anything else."""
    try:
        content = env_file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{env_file}: cannot be read: {error.strerror}") from error
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise SettingsError(f"{env_file}: is not UTF-8; save it as that") from error
    if "\0" in text:
        raise SettingsError(f"{env_file}: is no text file; save it as UTF-8")
    return encoding
