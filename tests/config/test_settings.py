"""Settings: frozen, complete in `.env.example`, and a wrong value is named in one line."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

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


def test_env_example_names_every_setting_with_its_default() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    shown = dict(line.lstrip("#").strip().split("=", 1) for line in lines if "=" in line and " # " not in line)
    assert list(shown) == [name.upper() for name in Settings.model_fields]
    defaults = load_settings(None)
    for name, value in shown.items():
        default = getattr(defaults, name.lower())
        if name != "WORKERS":
            assert value == ("" if default is None else f"{default:g}" if isinstance(default, float) else str(default))


def test_the_readme_names_every_setting() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in readme] == []
