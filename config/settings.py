"""Every limit and default in one typed, frozen object; each field is an environment variable of the same name."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MEBIBYTE = 1024 * 1024


class SettingsError(Exception):
    """A setting that cannot be used; the text is one line that names the variable."""


class Settings(BaseSettings):
    """What can be set. Durations are in seconds, sizes in mebibytes."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    discord_token: SecretStr | None = Field(None, description="bot token from the Discord developer portal")
    telegram_token: SecretStr | None = Field(None, description="bot token from @BotFather")

    web_host: str = Field("127.0.0.1", min_length=1, description="address the web page listens on")
    web_port: int = Field(5000, ge=1, le=65535, description="port of the web page")

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
    queue_limit: int = Field(32, ge=1, description="files that may wait; more are refused at once")
    cache_entries: int = Field(256, ge=0, description="answers kept in memory (numbers and pictures, no audio)")

    model_bundle: Path | None = Field(None, description="folder of another model bundle")
    model_runtime: Literal["litert", "keras"] = Field("litert", description="what runs the network")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="how much is logged")

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def max_upload_bytes(self) -> int:
        return int(self.max_upload_mb * MEBIBYTE)


def load_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings; variables of the environment win over the file.

    Raises `SettingsError` naming the first variable that has an unusable value (never the value of a secret).
    """
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "settings"
        raise SettingsError(f"{name}: {first['msg']}") from error
