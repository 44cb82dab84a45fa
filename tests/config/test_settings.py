"""Settings: frozen, complete in `.env.example`, and a wrong value is named in one line."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from config import Settings, SettingsError, load_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_defaults_need_no_file() -> None:
    settings = load_settings(None)
    assert (settings.web_host, settings.web_port, settings.default_offset_s) == ("127.0.0.1", 5000, 30.0)
    assert settings.discord_token is None


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = tmp_path / ".env"
    env.write_text("WEB_PORT=6000\nDEFAULT_OFFSET_S=12.5\nDISCORD_TOKEN=abc\nTELEGRAM_TOKEN=\n")
    monkeypatch.setenv("WEB_PORT", "7000")
    settings = load_settings(env)
    assert settings.web_port == 7000
    assert settings.default_offset_s == 12.5
    assert settings.telegram_token is None
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == "abc"
    assert "abc" not in repr(settings)


def test_a_hosts_own_port_is_taken_where_none_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8080")
    assert load_settings(None).web_port == 8080
    monkeypatch.setenv("WEB_PORT", "7000")
    assert load_settings(None).web_port == 7000
    monkeypatch.setenv("WEB_PORT", "")
    monkeypatch.setenv("PORT", "http")
    with pytest.raises(SettingsError, match=r"PORT: "):
        load_settings(None)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings(None).web_port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEB_PORT", "70000"),
        ("WEB_PORT", "five"),
        ("DEFAULT_OFFSET_S", "-1"),
        ("MAX_UPLOAD_MB", "0"),
        ("WORKERS", "0"),
        ("MODEL", "best"),
        ("MODEL_RUNTIME", "torch"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: ") as caught:
        load_settings(None)
    assert "\n" not in str(caught.value)


def test_a_wrong_value_stops_the_start_with_one_line() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bot"], capture_output=True, text=True, check=False, env={"WEB_PORT": "x"}, cwd=ROOT
    )
    assert run.returncode == 2
    assert run.stderr.startswith("WEB_PORT: ")
    assert len(run.stderr.splitlines()) == 1


def written(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case SecretStr():
            return value.get_secret_value()
        case _:
            return str(value)


def test_env_example_names_every_setting_with_its_default() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    shown = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert list(shown) == [name.upper() for name in Settings.model_fields]
    defaults = load_settings(None)
    assert {name: value for name, value in shown.items() if name != "WORKERS"} == {
        name.upper(): written(getattr(defaults, name)) for name in Settings.model_fields if name != "workers"
    }


def test_a_password_inside_the_database_url_is_a_secret() -> None:
    settings = Settings(_env_file=None, database_url="postgresql://bot:p%40ss@db/bot", discord_token="abc")
    assert settings.secrets() == ["abc", "p@ss", "p%40ss"]
    assert "p%40ss" not in repr(settings)


def test_the_document_of_settings_names_every_one() -> None:
    document = (ROOT / "docs" / "SETTINGS.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in document] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_file_may_be_written_by_any_editor(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding in {"utf-16-le", "utf-16-be"} else ""
    (tmp_path / ".env").write_bytes(f"{mark}WEB_PORT=6000\r\nMODEL=reference\r\n# Müsli\r\n".encode(encoding))
    settings = load_settings(tmp_path / ".env")
    assert (settings.web_port, settings.model) == (6000, "reference")


@pytest.mark.parametrize(
    "content", ["# Müsli\nWEB_PORT=6000\n".encode("latin-1"), "WEB_PORT=6000".encode("utf-16-le"), b"\x00\x01\x02"]
)
def test_a_file_that_cannot_be_read_is_named_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(SettingsError, match=r"\.env: is n.* UTF-8") as caught:
        load_settings(tmp_path / ".env")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DISCORD_SHARDS", "0-3", "DISCORD_SHARDS"),
        ("DISCORD_SHARDS", "3-1/16", "DISCORD_SHARDS: first-last/count"),
        ("DISCORD_SHARDS", "0-4/4", "DISCORD_SHARDS: first-last/count"),
        ("DASK_SCHEDULER", "host:8786", "DASK_SCHEDULER"),
        ("DASK_SCHEDULER", "tls://host:8786", "DASK_SCHEDULER: tls://… needs DASK_TLS_CA_FILE"),
        ("DASK_TLS_KEY", "key.pem", "DASK_TLS_CA_FILE"),
        ("DEFAULT_OFFSET_S", "3601", "DEFAULT_OFFSET_S"),
        ("MAX_OFFSET_S", "20", "DEFAULT_OFFSET_S: 30 is more than MAX_OFFSET_S, 20"),
        ("MAX_HELD_MB", "50", "MAX_UPLOAD_MB: 100 is more than MAX_HELD_MB, 50"),
    ],
)
def test_settings_fit_each_other(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=words):
        load_settings(None)
