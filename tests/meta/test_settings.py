"""The example of the settings cannot rot: it loads, and lists every field."""

import re
from pathlib import Path

import pytest

from bot.settings import PREFIX, Settings, SettingsWrong, load_settings

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"


def test_the_example_lists_every_setting_and_nothing_else() -> None:
    named = set(re.findall(rf"^# ({PREFIX}\w+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert named == {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_the_example_loads_when_everything_in_it_is_switched_on(tmp_path: Path) -> None:
    lines = [line.removeprefix("# ") for line in EXAMPLE.read_text().splitlines() if line.startswith(f"# {PREFIX}")]
    file = tmp_path / "env"
    file.write_text("\n".join(line for line in lines if not line.endswith("=")))
    settings = Settings(_env_file=file)  # type: ignore[call-arg]
    assert settings.operators == [123456789012345678]


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_an_empty_token_is_an_error_that_names_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}DISCORD_TOKEN", "")
    with pytest.raises(SettingsWrong, match=r"join Discord.*local Discord"):
        load_settings()


def test_a_secret_can_come_from_a_file_and_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text("a-very-secret-token\n")
    monkeypatch.setenv(f"{PREFIX}DISCORD_TOKEN_FILE", str(file))
    settings = load_settings()
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == "a-very-secret-token"
    assert "secret-token" not in repr(settings)
    assert settings.secrets() == ["a-very-secret-token"]


@pytest.mark.parametrize("name", ["discord_token", "database_url", "anthropic_api_key"])
@pytest.mark.parametrize("place", ["environment", ".env"])
def test_each_secret_can_come_from_a_file_named_in_any_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text("sqlite+aiosqlite:///somewhere\n")
    setting = f"{PREFIX}{name.upper()}_FILE"
    if place == ".env":
        (tmp_path / ".env").write_text(f"{setting}={tmp_path / 'secret'}\n")
    else:
        monkeypatch.setenv(setting, str(tmp_path / "secret"))
    assert getattr(load_settings(), name).get_secret_value() == "sqlite+aiosqlite:///somewhere"


def test_a_secret_file_that_cannot_be_used_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"{PREFIX}DISCORD_TOKEN_FILE", str(tmp_path / "nothing"))
    with pytest.raises(SettingsWrong, match=f"{PREFIX}DISCORD_TOKEN_FILE: the file can't be read"):
        load_settings()
    assert load_settings(discord_token=None).discord_token is None
    (tmp_path / "nothing").write_text(" \n")
    with pytest.raises(SettingsWrong, match="the file is empty"):
        load_settings()
    (tmp_path / ".env").write_text(f"{PREFIX}DISCORD_TOKEN=another\n")
    with pytest.raises(SettingsWrong, match="are both set: keep one"):
        load_settings()


def test_no_secret_gets_into_the_image() -> None:
    kept_out = (EXAMPLE.parent / ".dockerignore").read_text().splitlines()
    assert {".git", ".env", ".env.*", "*.key", "*.pem", "*.db", "data"} <= set(kept_out)


def test_a_wrong_setting_is_named_with_what_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}HTTP_PORT", "eighty")
    with pytest.raises(SettingsWrong, match=f"{PREFIX}HTTP_PORT"):
        load_settings()
