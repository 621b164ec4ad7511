"""Limits of application commands."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.local.limits.checks import Checks, Path, as_dict, as_list

SLASH, USER, MESSAGE = 1, 2, 3
SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, CHANNEL, NUMBER = 3, 4, 7, 10
A_SCOPE = {SLASH: 100, USER: 15, MESSAGE: 15}
MAX_CHARACTERS = 8_000
SAFE = 2**53 - 1
LOCALES = frozenset(
    [
        "id",
        "da",
        "de",
        "en-GB",
        "en-US",
        "es-ES",
        "es-419",
        "fr",
        "hr",
        "it",
        "lt",
        "hu",
        "nl",
        "no",
        "pl",
        "pt-BR",
        "ro",
        "fi",
        "sv-SE",
        "vi",
        "tr",
        "cs",
        "el",
        "bg",
        "ru",
        "uk",
        "hi",
        "th",
        "zh-CN",
        "ja",
        "zh-TW",
        "ko",
    ]
)
_KEYS = frozenset(
    [
        "id",
        "application_id",
        "guild_id",
        "version",
        "type",
        "name",
        "name_localizations",
        "description",
        "description_localizations",
        "options",
        "default_member_permissions",
        "dm_permission",
        "default_permission",
        "nsfw",
        "integration_types",
        "contexts",
        "handler",
    ]
)
_OPTION_KEYS = frozenset(
    [
        "type",
        "name",
        "name_localizations",
        "description",
        "description_localizations",
        "required",
        "choices",
        "options",
        "channel_types",
        "min_value",
        "max_value",
        "min_length",
        "max_length",
        "autocomplete",
        "file_types",
    ]
)


def check_commands(commands: object, *, bulk: bool = False, beside: Sequence[Mapping[str, Any]] = ()) -> None:
    """Refuse command definitions that Discord would refuse.

    `beside` are those already in the scope. A `bulk` request gets its mistakes by index, a single one bare.
    """
    form = Checks()
    definitions = [as_dict(command) for command in as_list(commands)]
    taken = {_key(command) for command in beside}
    for index, command in enumerate(definitions):
        path: Path = (index,) if bulk else ()
        _command(form, path, command)
        if _key(command) in taken:
            message = "Application command names must be unique"
            form.wrong((*path, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        taken.add(_key(command))
    for kind, most in A_SCOPE.items():
        count = sum(_key(command)[0] == kind for command in [*beside, *definitions])
        if count > most:
            message = f"Maximum number of application commands reached ({most})"
            form.wrong((), "APPLICATION_COMMAND_LIMIT_REACHED", message)
    form.raise_if_wrong()


def _key(command: Mapping[str, Any]) -> tuple[Any, Any]:
    return command.get("type") or SLASH, command.get("name")


def _command(form: Checks, path: Path, body: dict[str, Any]) -> None:
    kind = body.get("type") or SLASH
    form.keys(path, body, _KEYS)
    form.one_of((*path, "type"), kind, A_SCOPE)
    if kind == SLASH:
        _names(form, path, body)
        _options(form, path, body.get("options"), depth=0)
    else:
        form.text((*path, "name"), body.get("name"), 32)
        _locales(form, path, body, "name_localizations", 32)
        if body.get("description") or body.get("description_localizations"):
            message = "Context menu commands cannot have a description"
            form.wrong((*path, "description"), "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", message)
        if body.get("options"):
            message = "Context menu commands cannot have options"
            form.wrong((*path, "options"), "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS", message)
    for context in as_list(body.get("contexts")):
        form.one_of((*path, "contexts"), context, (0, 1, 2))
    for install in as_list(body.get("integration_types")):
        form.one_of((*path, "integration_types"), install, (0, 1))
    size = characters(body)
    if size > MAX_CHARACTERS:
        message = f"Command exceeds maximum size ({MAX_CHARACTERS})"
        form.wrong(path, "APPLICATION_COMMAND_TOO_LARGE", message)


def characters(body: Mapping[str, Any]) -> int:
    """Count name, description and values of a command with all below it; the longest translation counts."""
    total = 0
    for key in ("name", "description"):
        texts = [body.get(key) or "", *as_dict(body.get(f"{key}_localizations")).values()]
        total += max(len(str(text)) for text in texts)
    if isinstance(body.get("value"), str):
        total += len(body["value"])
    below = [*as_list(body.get("options")), *as_list(body.get("choices"))]
    return total + sum(characters(as_dict(child)) for child in below)


def good_name(name: object) -> bool:
    """Say whether a text may name a slash command or an option."""
    if not isinstance(name, str) or not 1 <= len(name) <= 32 or name != name.lower():
        return False
    return all(c.isalnum() or c in "-_'" or "\u0900" <= c <= "\u097f" or "\u0e00" <= c <= "\u0e7f" for c in name)


def _names(form: Checks, path: Path, body: dict[str, Any]) -> None:
    name = body.get("name")
    if form.required((*path, "name"), name) and not good_name(name):
        form.wrong((*path, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    form.text((*path, "description"), body.get("description"), 100)
    _locales(form, path, body, "name_localizations", 32, names=True)
    _locales(form, path, body, "description_localizations", 100)


def _locales(form: Checks, path: Path, body: dict[str, Any], key: str, high: int, *, names: bool = False) -> None:
    for locale, text in as_dict(body.get(key)).items():
        place = (*path, key, locale)
        if locale not in LOCALES:
            form.one_of(place, locale, sorted(LOCALES))
        form.text(place, text, high)
        if names and not good_name(text):
            form.wrong(place, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _options(form: Checks, path: Path, options: object, *, depth: int) -> None:
    place = (*path, "options")
    form.length(place, options, 25)
    bodies = [as_dict(option) for option in as_list(options)]
    for index, option in enumerate(bodies):
        _option(form, (*place, index), option, depth=depth)
    nested = [b.get("type") in (SUBCOMMAND, GROUP) for b in bodies]
    if any(nested) and not all(nested):
        message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        form.wrong(place, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
    required = [bool(b.get("required")) for b in bodies]
    if required != sorted(required, reverse=True):
        message = "Required options must be placed before non-required options"
        form.wrong(place, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
    message, code = "Option name already exists", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"
    form.unique(place, [b.get("name") for b in bodies], code, message)
    for locale in sorted(LOCALES):
        shown = [as_dict(b.get("name_localizations")).get(locale, b.get("name")) for b in bodies]
        if len(set(shown)) < len(shown) and len({b.get("name") for b in bodies}) == len(bodies):
            form.wrong((*place, "name_localizations", locale), code, message)


def _option(form: Checks, path: Path, body: dict[str, Any], *, depth: int) -> None:
    kind = body.get("type")
    form.keys(path, body, _OPTION_KEYS)
    form.one_of((*path, "type"), kind, range(1, 12))
    _names(form, path, body)
    if kind in (SUBCOMMAND, GROUP):
        deep = {SUBCOMMAND: (0, 1), GROUP: (0,)}[kind]
        if depth not in deep:
            message = "Sub-commands and groups cannot be nested deeper"
            form.wrong((*path, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
        if kind == GROUP:
            for index, child in enumerate(as_list(body.get("options"))):
                form.one_of((*path, "options", index, "type"), as_dict(child).get("type"), (SUBCOMMAND,))
        _options(form, path, body.get("options"), depth=depth + (1 if kind == GROUP else 2))
        return
    _choices(form, path, body)
    form.number((*path, "min_length"), body.get("min_length"), 0, 6000)
    form.number((*path, "max_length"), body.get("max_length"), 1, 6000)
    for key in ("min_value", "max_value"):
        form.number((*path, key), body.get(key), -SAFE, SAFE)
    for low, high in (("min_length", "max_length"), ("min_value", "max_value")):
        if None not in (body.get(low), body.get(high)) and body[low] > body[high]:
            form.wrong((*path, high), "NUMBER_TYPE_MIN", f"{high} must not be below {low}.")
    if body.get("channel_types") and kind != CHANNEL:
        message = "Only channel options can have channel types"
        form.wrong((*path, "channel_types"), "APPLICATION_COMMAND_OPTIONS_CHANNEL_TYPES_INVALID", message)


def _choices(form: Checks, path: Path, body: dict[str, Any]) -> None:
    kind, choices = body.get("type"), as_list(body.get("choices"))
    form.length((*path, "choices"), body.get("choices"), 25)
    if choices and kind not in (STRING, INTEGER, NUMBER):
        message = "Only string, integer and number options can have choices"
        form.wrong((*path, "choices"), "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", message)
    if body.get("autocomplete") and (choices or kind not in (STRING, INTEGER, NUMBER)):
        message = "Autocomplete needs a string, integer or number option without choices"
        form.wrong((*path, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", message)
    for index, choice in enumerate(choices):
        entry = as_dict(choice)
        place = (*path, "choices", index)
        form.text((*place, "name"), entry.get("name"), 100)
        _locales(form, place, entry, "name_localizations", 100)
        if isinstance(entry.get("value"), str):
            form.length((*place, "value"), entry["value"], 100)
        elif kind in (INTEGER, NUMBER):
            form.number((*place, "value"), entry.get("value"), -SAFE, SAFE)
    names = [as_dict(c).get("name") for c in choices]
    message, code = "Choice name already exists", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS"
    form.unique((*path, "choices"), names, code, message)
