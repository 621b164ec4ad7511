"""Settings of one installation: `STUDIOHAND_…` in the environment, `.env`, or files in /run/secrets.

A secret can also be named by file, wherever a setting may stand: `STUDIOHAND_DISCORD_TOKEN_FILE=/path`.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.paths import default_data_dir
from storage.deletions import KEY, LIST, DeletionList

PREFIX = "STUDIOHAND_"


class SettingsWrong(Exception):
    """A setting is not accepted; the text is one sentence a setting, for the terminal."""


class Settings(BaseSettings):
    """Everything an operator sets. Every field has a description, printed by `studiohand doctor`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=False, extra="ignore", hide_input_in_errors=True
    )

    discord_token: SecretStr | None = Field(
        None, description="The bot's token from Discord's developer portal. Without one, local mode runs."
    )
    discord_token_file: Path | None = Field(None, description="A file that holds the token, instead of the token.")
    discord_api_base: str | None = Field(
        None, description="Another address of Discord's API, such as a shared rate-limit proxy."
    )
    data_dir: Path = Field(
        default_factory=default_data_dir, description="Where the database, backups, pictures and the lock live."
    )
    database_url: SecretStr | None = Field(
        None, description="postgresql://user:password@host/name for many processes; without it SQLite in data_dir."
    )
    database_url_file: Path | None = Field(None, description="A file that holds the address of the database.")
    folders: Annotated[list[Path], NoDecode] = Field(
        default_factory=list, description="Folders your DAW exports to, separated by the system's path separator."
    )
    folder_owner: int | None = Field(
        None, description="Discord id of the person the folders' bounces belong to; the first operator without it."
    )
    operators: Annotated[list[int], NoDecode] = Field(
        default_factory=list, description="Discord ids of the people who run this host, separated by commas."
    )
    anthropic_api_key: SecretStr | None = Field(
        None, description="Key for Claude. Without one everything works by rules."
    )
    anthropic_api_key_file: Path | None = Field(None, description="A file that holds the key for Claude.")
    anthropic_base_url: str | None = Field(None, description="Another address that speaks the Messages API.")
    ai_model: str = Field("claude-haiku-4-5", description="Model for planning, suggestions and summaries.")
    ai_temperature: float | None = Field(None, ge=0, le=1, description="Left out of the request when empty.")
    ai_daily_cost_usd: float = Field(2.0, ge=0, description="What AI may cost in 24 hours on this host, in US dollars.")
    ai_monthly_cost_usd: float = Field(30.0, ge=0, description="What AI may cost in 30 days on this host.")
    ai_daily_tokens: int = Field(20_000_000, ge=0, description="AI tokens that this host may use in 24 hours.")
    ai_monthly_tokens: int = Field(300_000_000, ge=0, description="AI tokens that this host may use in 30 days.")
    http_host: str = Field("127.0.0.1", description="Where /healthz, /readyz and /metrics listen.")
    http_port: int = Field(8765, ge=0, le=65535, description="Their port; 0 takes a free one.")
    upload_host: str | None = Field(
        None, description="Where `studiohand watch` on other machines may upload to; off without it."
    )
    upload_port: int = Field(8766, ge=0, le=65535, description="Port of the upload address.")
    upload_tls_cert: Path | None = Field(None, description="Certificate (PEM); needed off this machine.")
    upload_tls_key: Path | None = Field(None, description="Key of the certificate (PEM).")
    measure_workers: int = Field(2, ge=1, le=16, description="Processes that measure audio.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="How much is logged.")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="console to read, json for machines; auto: by whether a terminal is there."
    )
    backup_hour: int = Field(4, ge=0, le=23, description="Hour of the daily backup, local time of this host.")

    @field_validator("folders", mode="before")
    @classmethod
    def _split_paths(cls, value: object) -> object:
        return [part for part in value.split(os.pathsep) if part.strip()] if isinstance(value, str) else value

    @field_validator("operators", mode="before")
    @classmethod
    def _split_ids(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("discord_token")
    @classmethod
    def _not_blank(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip():
            raise ValueError(
                "is empty: put the token there to join Discord, or remove the variable to try the local Discord"
            )
        return value

    @property
    def database(self) -> str:
        """The database's URL: what was set, else SQLite in the data directory."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite+aiosqlite:///{self.data_dir / 'studiohand.db'}"

    @property
    def backup_dir(self) -> Path:
        return self.data_dir / "backups"

    @property
    def deletions(self) -> DeletionList:
        """The list of deleted people, beside the backups; its key is not."""
        return DeletionList(self.backup_dir / LIST, self.data_dir / KEY)

    def named_files(self) -> dict[str, Path | None]:
        """Return where each secret is to be read from, where a file is named for it."""
        return {
            "discord_token": self.discord_token_file,
            "database_url": self.database_url_file,
            "anthropic_api_key": self.anthropic_api_key_file,
        }

    def secrets(self) -> list[str]:
        """Return the values that must never be printed."""
        found = (self.discord_token, self.anthropic_api_key, self.database_url)
        return [secret.get_secret_value() for secret in found if secret is not None]


def load_settings(**overrides: object) -> Settings:
    """Read the settings. Raises SettingsWrong with a sentence for each wrong one."""
    secrets = Path("/run/secrets")
    try:
        settings = Settings(_secrets_dir=secrets if secrets.is_dir() else None, **overrides)  # type: ignore[call-arg]
    except ValidationError as error:
        lines = [
            f"{PREFIX}{str(problem['loc'][0]).upper()} {problem['msg'].removeprefix('Value error, ')}."
            for problem in error.errors()
        ]
        raise SettingsWrong("\n".join(lines)) from error
    read = {
        name: _read_secret(f"{PREFIX}{name.upper()}", file, is_set=name in settings.model_fields_set)
        for name, file in settings.named_files().items()
        if file is not None and name not in overrides
    }
    return settings.model_copy(update=read)


def _read_secret(setting: str, file: Path, *, is_set: bool) -> SecretStr:
    if is_set:
        raise SettingsWrong(f"{setting} and {setting}_FILE are both set: keep one of them.")
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsWrong(f"{setting}_FILE: the file can't be read ({why}).") from error
    if not text:
        raise SettingsWrong(f"{setting}_FILE: the file is empty.")
    return SecretStr(text)
