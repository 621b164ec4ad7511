"""The only reader of the catalogue: `assets/locales/<locale>/<area>.json`, nested keys joined by dots.

A string is a template with named parts: `{name}` (escaped unless it is `Text`), `{when:R}` (a datetime as
Discord's time), `{share:.0%}` (any format), `{link:/loop show}` (the command, clickable once it is known).
Plurals are objects `{"one": …, "other": …}` chosen by `count` after the rules of the language.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from babel.dates import format_date

from bot.paths import assets_dir
from bot.say.card import Text, markup, plain, raw, stamp
from bot.say.dates import locale_of
from bot.say.wording import banned_words

_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)(?::([^{}]*))?\}")
_PLURALS = frozenset({"zero", "one", "two", "few", "many", "other"})
DEFAULT_LOCALE = "en"

Template = str | Mapping[str, str]


class CommandLinks:
    """Where the clickable mentions of commands are kept after each sync: "/loop show" → id of "/loop"."""

    def __init__(self, ids: Mapping[str, int] | None = None) -> None:
        self._ids = dict(ids or {})

    def replace(self, ids: Mapping[str, int]) -> None:
        """Take over the ids of the top-level commands by name ("loop")."""
        self._ids = dict(ids)

    def mention(self, command: str) -> Text:
        """Return the clickable command, or its name in code style while its id is not known."""
        name = command.lstrip("/").strip()
        known = self._ids.get(name.split(" ")[0])
        return raw(f"</{name}:{known}>" if known else f"`/{name}`", f"/{name}")


class Speaks(Protocol):
    """The catalogue as pure code and services see it: a key and named parts in, a sentence out.

    A part called `count` chooses the plural form.
    """

    @property
    def locale(self) -> str: ...

    def __call__(self, key: str, /, **parts: object) -> str: ...


@dataclass(frozen=True, slots=True)
class Words:
    """The catalogue in one language: `words("loop.card.title", name=…)`."""

    catalogue: "Catalogue"
    locale: str

    def __call__(self, key: str, /, **parts: object) -> Text:
        return self.catalogue.t(key, self.locale, **parts)

    def has(self, key: str) -> bool:
        return self.catalogue.find(key, self.locale) is not None

    def fill(self, template: str, /, **parts: object) -> Text:
        """Fill a text that is not in the catalogue (a help file)."""
        return self.catalogue.fill(template, self.locale, **parts)

    def link(self, command: str) -> Text:
        """Return a command, clickable once it is known."""
        return self.catalogue.links.mention(command)

    def day(self, on: date) -> str:
        """Return "Fri 14 Jun" in this language."""
        return format_date(on, "EEE d MMM", locale=locale_of(self.locale))


@dataclass(frozen=True, slots=True)
class Finished:
    """The catalogue for services that escape names themselves, or write files: parts go in as they are."""

    words: Words

    @property
    def locale(self) -> str:
        return self.words.locale

    def __call__(self, key: str, /, **parts: object) -> str:
        ready = {name: raw(value) if type(value) is str else value for name, value in parts.items()}
        return str(self.words(key, **ready))


class Catalogue:
    """All strings of all languages."""

    def __init__(self, locales: Mapping[str, Mapping[str, Template]], links: CommandLinks | None = None) -> None:
        self._locales = locales
        self.links = links or CommandLinks()

    @property
    def locales(self) -> list[str]:
        return sorted(self._locales)

    def keys(self, locale: str = DEFAULT_LOCALE) -> Mapping[str, Template]:
        return self._locales.get(locale, {})

    def words(self, locale: str | None) -> Words:
        return Words(self, locale or DEFAULT_LOCALE)

    def find(self, key: str, locale: str) -> tuple[Template, str] | None:
        """Return the template and the language it was found in: locale → language → English."""
        for candidate in (locale, re.split(r"[-_]", locale)[0], DEFAULT_LOCALE):
            template = self._locales.get(candidate, {}).get(key)
            if template is not None:
                return template, candidate
        return None

    def t(self, key: str, locale: str = DEFAULT_LOCALE, /, **parts: object) -> Text:
        """Return the finished sentence.

        Raises KeyError for an unknown key or a missing part: both are mistakes of ours and found by tests.
        """
        found = self.find(key, locale)
        if found is None:
            raise KeyError(f"no string {key!r}")
        template, language = found
        if not isinstance(template, str):
            template = _plural(template, parts.get("count"), language)
        return self._fill(template, parts, language, key)

    def fill(self, template: str, locale: str = DEFAULT_LOCALE, /, **parts: object) -> Text:
        """Fill a template from elsewhere."""
        return self._fill(template, parts, locale, "text")

    def _fill(self, template: str, parts: Mapping[str, object], locale: str, key: str) -> Text:
        shown: list[str] = []
        bare: list[str] = []
        end = 0
        for match in _PLACEHOLDER.finditer(template):
            literal = template[end : match.start()]
            shown.append(literal)
            bare.append(literal)
            end = match.end()
            name, spec = match.group(1), match.group(2)
            if name == "link" and spec:
                part = self.links.mention(spec)
            elif name not in parts:
                raise KeyError(f"string {key!r} needs the part {name!r}")
            else:
                part = _part(parts[name], spec, locale)
            shown.append(markup(part))
            bare.append(plain(part))
        shown.append(template[end:])
        bare.append(template[end:])
        return Text("".join(shown), _without_markup("".join(bare)))

    def pseudo(self) -> "Catalogue":
        """Return a catalogue whose `en` is 40% longer, accented and bracketed: for tests of room."""
        return Catalogue({DEFAULT_LOCALE: {key: _pseudo(text) for key, text in self.keys().items()}}, self.links)


def read_catalogue(folder: Path | None = None, links: CommandLinks | None = None) -> Catalogue:
    """Read every language under `folder` (the shipped one by default).

    Raises ValueError naming the file for a key that is there twice or a value that is not text.
    """
    root = folder or assets_dir() / "locales"
    locales: dict[str, dict[str, Template]] = {}
    for language in sorted(path for path in root.iterdir() if path.is_dir()):
        strings: dict[str, Template] = {}
        for file in sorted(language.glob("*.json")):
            for key, template in flatten(json.loads(file.read_text(encoding="utf-8")), ""):
                if key in strings:
                    raise ValueError(f"{file.name}: {key} is in another file too")
                strings[key] = template
        locales[language.name] = strings
    return Catalogue(locales, links)


def placeholders(template: Template) -> set[str]:
    """Return the names that a template needs (links included, as "link:/loop show")."""
    texts = [template] if isinstance(template, str) else template.values()
    return {
        f"link:{match.group(2)}" if match.group(1) == "link" else match.group(1)
        for text in texts
        for match in _PLACEHOLDER.finditer(text)
    }


def lint(template: Template) -> list[str]:
    """Return the banned words in a string: Studiohand offers and never scolds."""
    texts = [template] if isinstance(template, str) else template.values()
    return [word for text in texts for word in banned_words(text)]


def flatten(node: object, prefix: str) -> Iterable[tuple[str, Template]]:
    """Yield the dotted keys of a catalogue file with their texts; a plural is one text."""
    if isinstance(node, str):
        yield prefix, node
    elif isinstance(node, dict):
        if "other" in node and set(node) <= _PLURALS:
            yield prefix, node
            return
        for name, child in node.items():
            yield from flatten(child, f"{prefix}.{name}" if prefix else name)
    else:
        raise ValueError(f"{prefix} is neither text nor an object")


def _plural(forms: Mapping[str, str], count: object, locale: str) -> str:
    if not isinstance(count, (int, float)):
        raise KeyError("a plural needs the part 'count'")
    if count == 0 and "zero" in forms:
        return forms["zero"]  # also where the language has no form of its own for none: nobody says "0 proposals"
    return forms.get(locale_of(locale).plural_form(count), forms["other"])


def _part(value: object, spec: str | None, locale: str) -> str:
    if isinstance(value, datetime):
        return stamp(value, spec or "F")
    if isinstance(value, date):
        return format_date(value, spec or "EEE d MMM", locale=locale_of(locale))
    if isinstance(value, str):
        return value
    return format(value, spec or "")


def _without_markup(words: str) -> str:
    """Drop the few marks our own strings use, for places that show them literally."""
    return words.replace("**", "").replace("`", "")


_ACCENTS = str.maketrans("aeiouAEIOU", "áéíóúÁÉÍÓÚ")


def _pseudo(template: Template) -> Template:
    if not isinstance(template, str):
        return {name: str(_pseudo(text)) for name, text in template.items()}
    pieces: list[str] = []
    end = 0
    for match in _PLACEHOLDER.finditer(template):
        pieces += [template[end : match.start()].translate(_ACCENTS), match.group(0)]
        end = match.end()
    pieces.append(template[end:].translate(_ACCENTS))
    padding = "~" * max(1, round(len(template) * 0.4) - 2)
    return f"[{''.join(pieces)}{padding}]"
