"""A small strict RFC 5545 reader, written from the RFC, independent of the library that writes."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

_NAME = re.compile(r"[A-Za-z0-9-]+")


@dataclass
class Component:
    name: str
    properties: dict[str, list[tuple[dict[str, str], str]]] = field(default_factory=dict)
    children: list["Component"] = field(default_factory=list)

    def one(self, name: str) -> tuple[dict[str, str], str]:
        values = self.properties.get(name, [])
        assert len(values) == 1, f"{self.name} has {len(values)} {name}"
        return values[0]

    def text(self, name: str) -> str:
        return unescape(self.one(name)[1])

    def all(self, name: str) -> list["Component"]:
        return [child for child in self.children if child.name == name]


def read(data: bytes) -> Component:
    """Parse one VCALENDAR; asserts line ends and lengths, whole characters, nesting, required parts."""
    assert data.endswith(b"\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    lines: list[str] = []
    for raw in data[:-2].split(b"\r\n"):
        assert len(raw) <= 75, "a line over 75 octets"
        text = raw.decode("utf-8")  # fails where a fold splits a character
        assert text, "an empty line"
        if text[0] in " \t":
            lines[-1] += text[1:]
        else:
            lines.append(text)
    stack: list[Component] = []
    root: Component | None = None
    for line in lines:
        name, params, value = _content_line(line)
        if name == "BEGIN":
            stack.append(Component(value))
        elif name == "END":
            done = stack.pop()
            assert done.name == value
            if stack:
                stack[-1].children.append(done)
            else:
                assert root is None, "two calendars"
                root = done
        else:
            stack[-1].properties.setdefault(name, []).append((params, value))
    assert root is not None
    assert not stack
    assert root.name == "VCALENDAR"
    assert root.one("VERSION")[1] == "2.0"
    root.one("PRODID")
    uids = [event.one("UID")[1] for event in root.all("VEVENT")]
    assert len(uids) == len(set(uids)), "a UID twice"
    for event in root.all("VEVENT"):
        assert re.fullmatch(r"\d{8}T\d{6}Z", event.one("DTSTAMP")[1])
        assert moment(event, "DTSTART") < moment(event, "DTEND")  # type: ignore[operator]
        for alarm in event.all("VALARM"):
            assert alarm.one("ACTION")[1] == "DISPLAY"
            assert alarm.one("DESCRIPTION")[1]
            assert alarm.one("TRIGGER")[1]
    return root


def _content_line(line: str) -> tuple[str, dict[str, str], str]:
    match = _NAME.match(line)
    assert match, line
    name, rest = match[0].upper(), line[match.end() :]
    params: dict[str, str] = {}
    while rest.startswith(";"):
        parameter = re.match(r';([A-Za-z0-9-]+)=("[^"]*"|[^";:,]*)', rest)
        assert parameter, line
        params[parameter[1].upper()] = parameter[2].strip('"')
        rest = rest[parameter.end() :]
    assert rest.startswith(":"), line
    return name, params, rest[1:]


def unescape(value: str) -> str:
    out, index = "", 0
    while index < len(value):
        char = value[index]
        if char == "\\":
            index += 1
            out += {"n": "\n", "N": "\n", "\\": "\\", ";": ";", ",": ","}[value[index]]
        else:
            assert char not in ";,", "an unescaped separator in TEXT"
            out += char
        index += 1
    return out


def moment(event: Component, name: str) -> date | datetime:
    params, value = event.one(name)
    if params.get("VALUE") == "DATE":
        assert re.fullmatch(r"\d{8}", value)
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    assert re.fullmatch(r"\d{8}T\d{6}Z?", value)
    stamp = datetime.strptime(value.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
    return stamp.replace(tzinfo=ZoneInfo("UTC" if value.endswith("Z") else params["TZID"]))
