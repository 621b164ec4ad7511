"""Forms: described as data, built as a modal, read back from the wire, and kept when an entry was wrong.

A sent form is dispatched by its custom_id alone, so one that was open during a restart still arrives.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import discord
from discord import ui

from bot.merging import plain_value
from bot.say.card import Option, plain
from bot.ui.cards import clip
from bot.ui.items import ControlId

MAX_FIELDS = 5
MAX_TITLE = 45
MAX_FIELD_LABEL = 45
MAX_FIELD_HELP = 100
_KEPT_AT_MOST = 2000


class FieldKind(StrEnum):
    TEXT = "text"
    PARAGRAPH = "paragraph"
    SELECT = "select"
    RADIO = "radio"
    CHECKBOXES = "checkboxes"
    FLAG = "flag"
    FILE = "file"
    CHANNEL = "channel"
    ROLE = "role"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Field:
    """One part of a form. `value`: what stands in it when it opens (text, a choice, several, or a flag)."""

    name: str
    label: str
    help: str | None = None
    kind: FieldKind = FieldKind.TEXT
    value: str | Sequence[str] | bool | None = None
    options: Sequence[Option] = ()
    required: bool = True
    placeholder: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_values: int | None = None
    max_values: int | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A form to open; `area.action` (a `@form` of the cog) gets what is sent."""

    area: str
    action: str
    title: str
    fields: Sequence[Field]
    id: str = "-"
    arg: str = ""
    owner: int | None = None
    """Whose thing it is about, where it is a server's: what is sent is then asked for by its roles."""
    before: Mapping[str, str] | None = None
    """What stood in it when it was first opened, where it is opened again with what somebody typed."""

    @property
    def shown(self) -> Mapping[str, str]:
        """What stood in each field before anybody typed, as it can be compared."""
        return self.before if self.before is not None else {part.name: _stood(part) for part in self.fields}

    @property
    def custom_id(self) -> str:
        return ControlId(self.area, self.action, self.id, self.arg, self.owner).format()

    def with_values(self, values: "FormValues") -> "Form":
        """Return the form with what somebody typed standing in it (files cannot be kept)."""
        return replace(
            self,
            fields=[
                replace(part, value=values.typed[part.name]) if part.name in values.typed else part
                for part in self.fields
            ],
            before=self.shown,
        )


@dataclass(frozen=True, slots=True)
class FormValues:
    """What was sent, by field name."""

    typed: Mapping[str, str | Sequence[str] | bool]
    uploads: Mapping[str, Sequence[discord.Attachment]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return the trimmed text of a field, "" when it was left empty."""
        value = self.typed.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def choice(self, name: str) -> str | None:
        """Return the one chosen value."""
        value = self.typed.get(name)
        if isinstance(value, str):
            return value or None
        return value[0] if isinstance(value, Sequence) and value else None

    def choices(self, name: str) -> tuple[str, ...]:
        value = self.typed.get(name, ())
        return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Sequence) else ()

    def flag(self, name: str) -> bool:
        return self.typed.get(name) is True

    def fit(self, form: Form) -> bool:
        """Tell whether every choice is one that the form offered."""
        return all(
            {option.value for option in part.options}.issuperset(self.choices(part.name))
            for part in form.fields
            if part.options and part.name in self.typed and self.choices(part.name) != ("",)
        )

    def files(self, name: str) -> Sequence[discord.Attachment]:
        return self.uploads.get(name, ())


@dataclass(frozen=True, slots=True)
class Changed:
    """What was changed in a form against what stood there; everything, where that is no longer known.

    A service that takes None as "leave it as it is" writes nothing that the person did not touch.
    """

    values: FormValues
    shown: Mapping[str, str] | None

    def __contains__(self, name: str) -> bool:
        if self.shown is None or name not in self.shown:
            return True
        return plain_value(self.values.typed.get(name)) != self.shown[name]

    def text(self, name: str) -> str | None:
        """Return the text of a field ("" where it was emptied), None where it stands as it was."""
        return self.values.text(name) if name in self else None

    def choice(self, name: str) -> str | None:
        """Return the one chosen value, None where it stands as it was."""
        return self.values.choice(name) if name in self else None

    def over(self, now: Form) -> FormValues:
        """Return all values: what was changed, and for the rest what the form would show by now.

        For services that take a thing whole.
        """
        kept = {part.name: part.value for part in now.fields if part.name not in self}
        typed = {**self.values.typed, **{name: () if value is None else value for name, value in kept.items()}}
        return FormValues(typed, self.values.uploads)


def modal(form: Form) -> ui.Modal:
    """Return the modal of a form; it is stopped, so discord.py does not keep it."""
    if not 1 <= len(form.fields) <= MAX_FIELDS:
        raise ValueError(f"form {form.area}.{form.action} has {len(form.fields)} fields; use a wizard above 5")
    built = ui.Modal(title=clip(plain(form.title), MAX_TITLE), custom_id=form.custom_id, timeout=None)
    for part in form.fields:
        built.add_item(
            ui.Label(
                text=clip(plain(part.label), MAX_FIELD_LABEL),
                description=clip(plain(part.help), MAX_FIELD_HELP) if part.help else None,
                component=_component(part),
            )
        )
    built.stop()
    return built


def read_form(interaction: discord.Interaction[Any]) -> FormValues:
    """Read a sent form from the wire data."""
    data: Mapping[str, Any] = interaction.data or {}  # type: ignore[assignment]
    attachments = data.get("resolved", {}).get("attachments", {})
    typed: dict[str, str | Sequence[str] | bool] = {}
    uploads: dict[str, Sequence[discord.Attachment]] = {}
    for part in _leaves(data.get("components", ())):
        name = part.get("custom_id")
        if not name:
            continue
        if part["type"] == discord.ComponentType.file_upload.value:
            uploads[name] = [
                # No public maker: what discord.py's own file upload does.
                discord.Attachment(data=attachments[key], state=interaction._state)  # noqa: SLF001
                for key in part.get("values", ())
                if key in attachments
            ]
        elif "values" in part:
            typed[name] = tuple(part["values"] or ())
        elif isinstance(part.get("value"), bool):
            typed[name] = part["value"]
        else:
            typed[name] = part.get("value") or ""
    return FormValues(typed, uploads)


class KeptForms:
    """Forms that are open or had a wrong entry, for 15 minutes, by person; memory only, a comfort."""

    def __init__(self, keep: timedelta) -> None:
        self._keep = keep
        self._forms: dict[tuple[int, str], tuple[datetime, Form]] = {}

    def opened(self, person: int, form: Form, now: datetime) -> None:
        self._put((person, form.custom_id), form, now)

    def find(self, person: int, custom_id: str, now: datetime) -> Form | None:
        """Return the form that this person opened under `custom_id`."""
        return self._get((person, custom_id), now)

    def keep(self, person: int, form: Form, now: datetime) -> str:
        """Keep a filled form and return the token for Edit again."""
        token = secrets.token_hex(8)
        self._put((person, token), form, now)
        return token

    def kept(self, person: int, token: str, now: datetime) -> Form | None:
        return self._get((person, token), now)

    def _put(self, key: tuple[int, str], form: Form, now: datetime) -> None:
        for old in [old for old, (until, _) in self._forms.items() if until <= now]:
            del self._forms[old]
        while len(self._forms) >= _KEPT_AT_MOST:
            del self._forms[next(iter(self._forms))]
        self._forms[key] = (now + self._keep, form)

    def _get(self, key: tuple[int, str], now: datetime) -> Form | None:
        until, form = self._forms.get(key, (now, None))
        return form if until > now else None


def _leaves(components: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for part in components:
        if "component" in part:
            found += _leaves([part["component"]])
        elif "components" in part:
            found += _leaves(part["components"])
        else:
            found.append(part)
    return found


def _stood(part: Field) -> str:
    """Return what a field shows when it opens: of a text as much as fits, of choices those that are offered."""
    if part.kind in (FieldKind.TEXT, FieldKind.PARAGRAPH):
        return plain_value(part.value[: _limit(part)] if isinstance(part.value, str) else None)
    if part.kind is FieldKind.FLAG:
        return plain_value(part.value is True)
    chosen = _chosen(part)
    offered = {option.value for option in part.options}
    return plain_value(sorted(chosen & offered if part.options else chosen))


def _limit(part: Field) -> int:
    return part.max_length or (2000 if part.kind is FieldKind.PARAGRAPH else 100)


def _chosen(part: Field) -> set[str]:
    if isinstance(part.value, bool) or part.value is None:
        return {option.value for option in part.options if option.default}
    return {part.value} if isinstance(part.value, str) else set(part.value)


def _component(part: Field) -> ui.Item[Any]:
    chosen = _chosen(part)
    match part.kind:
        case FieldKind.TEXT | FieldKind.PARAGRAPH:
            long = part.kind is FieldKind.PARAGRAPH
            limit = _limit(part)
            return ui.TextInput(
                custom_id=part.name,
                style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
                default=part.value[:limit] if isinstance(part.value, str) and part.value else None,
                placeholder=clip(plain(part.placeholder), 100) if part.placeholder else None,
                required=part.required,
                min_length=part.min_length,
                max_length=limit,
            )
        case FieldKind.SELECT:
            return ui.Select(
                custom_id=part.name,
                required=part.required,
                placeholder=clip(plain(part.placeholder), 150) if part.placeholder else None,
                min_values=part.min_values if part.min_values is not None else int(part.required),
                max_values=part.max_values or 1,
                options=[
                    discord.SelectOption(
                        label=clip(plain(option.label), 100),
                        value=option.value,
                        description=clip(plain(option.description), 100) if option.description else None,
                        default=option.value in chosen,
                    )
                    for option in part.options[:25]
                ],
            )
        case FieldKind.RADIO:
            return ui.RadioGroup(
                custom_id=part.name,
                required=part.required,
                options=[
                    discord.RadioGroupOption(
                        label=clip(plain(option.label), 100),
                        value=option.value,
                        description=clip(plain(option.description), 100) if option.description else None,
                        default=option.value in chosen,
                    )
                    for option in part.options[:10]
                ],
            )
        case FieldKind.CHECKBOXES:
            return ui.CheckboxGroup(
                custom_id=part.name,
                required=part.required,
                min_values=part.min_values,
                max_values=part.max_values,
                options=[
                    discord.CheckboxGroupOption(
                        label=clip(plain(option.label), 100),
                        value=option.value,
                        description=clip(plain(option.description), 100) if option.description else None,
                        default=option.value in chosen,
                    )
                    for option in part.options[:10]
                ],
            )
        case FieldKind.FLAG:
            return ui.Checkbox(custom_id=part.name, default=part.value is True)
        case FieldKind.FILE:
            return ui.FileUpload(
                custom_id=part.name,
                required=part.required,
                min_values=part.min_values,
                max_values=part.max_values or 1,
            )
        case FieldKind.CHANNEL | FieldKind.ROLE | FieldKind.USER:
            kinds: dict[FieldKind, tuple[Any, discord.SelectDefaultValueType]] = {
                FieldKind.CHANNEL: (ui.ChannelSelect, discord.SelectDefaultValueType.channel),
                FieldKind.ROLE: (ui.RoleSelect, discord.SelectDefaultValueType.role),
                FieldKind.USER: (ui.UserSelect, discord.SelectDefaultValueType.user),
            }
            cls, default_type = kinds[part.kind]
            return cls(
                custom_id=part.name,
                required=part.required,
                min_values=part.min_values if part.min_values is not None else int(part.required),
                max_values=part.max_values or 1,
                default_values=[
                    discord.SelectDefaultValue(id=int(value), type=default_type)
                    for value in sorted(chosen)
                    if value.isdigit()
                ],
            )
