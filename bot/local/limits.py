"""Discord's limits on what bots send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Existing:
    """What an edited message holds already."""

    content: str = ""
    embeds: int = 0
    components: int = 0
    attachments: Mapping[int, str] = field(default_factory=dict)
    v2: bool = False
    loading: bool = False


def check_message(body: Any, uploads: Any, *, upload_limit: int, before: Existing | None = None) -> None:
    pass


def check_callback(body: Any) -> None:
    pass


def check_choices(choices: Any) -> None:
    pass


def check_modal(data: Any) -> None:
    pass


def check_commands(commands: Any, *, beside: Any = ()) -> None:
    pass
