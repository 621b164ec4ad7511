"""Payloads that Discord refuses, and their twins at the limit that it takes. Data only.

`spec` says whether the API description refuses it as well; a newer file that changes its mind shows itself.
"""

from dataclasses import dataclass, field, replace
from typing import Any

V2 = 1 << 15
Body = Any


@dataclass(frozen=True, slots=True)
class Payload:
    """One request body. `where`: create, edit, callback, follow_up, modal, autocomplete, commands."""

    name: str
    where: str
    body: Body
    spec: bool = False
    code: int = 50035
    files: tuple[str, ...] = ()
    number: int = 0
    marks: tuple[str, ...] = field(default=())
    """Words that the error tree holds."""


def text(length: int) -> str:
    return "x" * length


def button(**more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go"} | more


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(parts)}


def buttons(count: int) -> list[dict[str, Any]]:
    return [button(custom_id=f"b{i}") for i in range(count)]


def select(options: int = 2, **more: Any) -> dict[str, Any]:
    made = [{"label": f"o{i}", "value": f"v{i}"} for i in range(options)]
    return {"type": 3, "custom_id": "pick", "options": made} | more


def display(content: str = "hello") -> dict[str, Any]:
    return {"type": 10, "content": content}


def v2(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"flags": V2, "components": list(components)} | more


def container(count: int) -> dict[str, Any]:
    return {"type": 17, "components": [display() for _ in range(count)]}


def gallery(count: int, **more: Any) -> dict[str, Any]:
    media = {"url": "https://example.com/a.png"}
    return {"type": 12, "items": [{"media": media, **more} for _ in range(count)]}


def section(count: int) -> dict[str, Any]:
    return {"type": 9, "components": [display() for _ in range(count)], "accessory": button()}


def label(text_: str = "Name", **field_: Any) -> dict[str, Any]:
    part = {"type": 4, "style": 1, "custom_id": "name"} | field_
    return {"type": 18, "label": text_, "component": part}


def modal(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"title": "Form", "custom_id": "form", "components": list(parts)} | more


def labels(count: int) -> list[dict[str, Any]]:
    return [label(custom_id=f"f{i}") for i in range(count)]


def command(**more: Any) -> dict[str, Any]:
    return {"type": 1, "name": "go", "description": "Go on."} | more


def option(**more: Any) -> dict[str, Any]:
    return {"type": 3, "name": "what", "description": "What to do."} | more


def options(count: int) -> list[dict[str, Any]]:
    return [option(name=f"o{i}") for i in range(count)]


def choices(count: int) -> list[dict[str, Any]]:
    return [{"name": f"c{i}", "value": f"v{i}"} for i in range(count)]


def many(count: int, kind: int = 1) -> list[dict[str, Any]]:
    if kind == 1:
        return [command(name=f"c{i}") for i in range(count)]
    return [{"type": kind, "name": f"c{i}"} for i in range(count)]


def embed(**more: Any) -> dict[str, Any]:
    return {"embeds": [more]}


def fields(count: int) -> list[dict[str, Any]]:
    return [{"name": "n", "value": "v"} for _ in range(count)]


def named(**more: Any) -> dict[str, Any]:
    return embed(fields=[{"name": "n", "value": "v"} | more])


def sized(total: int) -> list[dict[str, Any]]:
    """Return one command of exactly `total` characters, near 8000."""
    picks = [{"name": f"n{i:03}", "value": f"v{i:03}" + text(96)} for i in range(25)]
    made = [option(name=f"o{i}", description="d", choices=picks) for i in range(3)]
    left = total - len("go") - len("Go on.") - 3 * (25 * 104 + 3)
    for part in made:
        taken = min(left, 99)
        part["description"] += text(taken)
        left -= taken
    return [command(options=made)]


_C, _E = "create", "edit"

BAD: tuple[Payload, ...] = tuple(
    replace(p, number=n)
    for n, p in (
        (1, Payload("content 2001 on create", _C, {"content": text(2001)}, marks=("BASE_TYPE_MAX_LENGTH",))),
        (2, Payload("content 2001 on edit", _E, {"content": text(2001)})),
        (3, Payload("content 2001 in a callback", "callback", {"content": text(2001)}, spec=True)),
        (4, Payload("content 2001 in a follow-up", "follow_up", {"content": text(2001)}, spec=True)),
        (5, Payload("empty message", _C, {"content": ""}, code=50006)),
        (6, Payload("unknown key", _C, {"content": "hi", "contents": "hi"}, spec=True)),
        (7, Payload("11 embeds", _C, {"embeds": [{"title": "t"}] * 11}, spec=True)),
        (8, Payload("embed title 257", _C, embed(title=text(257)), spec=True)),
        (9, Payload("embed description 4097", _C, embed(description=text(4097)), spec=True)),
        (10, Payload("26 fields", _C, embed(fields=fields(26)), spec=True)),
        (11, Payload("field name 257", _C, named(name=text(257)), spec=True)),
        (12, Payload("field value 1025", _C, named(value=text(1025)), spec=True)),
        (13, Payload("field value empty", _C, named(value=""))),
        (14, Payload("footer 2049", _C, embed(footer={"text": text(2049)}), spec=True)),
        (15, Payload("author name 257", _C, embed(author={"name": text(257)}), spec=True)),
        (16, Payload("embeds of 7000 characters", _C, {"embeds": [{"description": text(3500)}] * 2})),
        (17, Payload("embed image by ftp", _C, embed(image={"url": "ftp://example.com/a.png"}))),
        (17, Payload("embed image of no file", _C, embed(title="t", image={"url": "attachment://a.png"}))),
        (18, Payload("6 rows", _C, {"components": [row(button(custom_id=f"b{i}")) for i in range(6)]})),
        (19, Payload("6 buttons in a row", _C, {"components": [row(*buttons(6))]}, spec=True)),
        (20, Payload("button and select in one row", _C, {"components": [row(button(), select())]})),
        (21, Payload("same custom_id twice", _C, {"components": [row(button(), button())]})),
        (22, Payload("custom_id 101", _C, {"components": [row(button(custom_id=text(101)))]}, spec=True)),
        (23, Payload("button without custom_id", _C, {"components": [row({"type": 2, "style": 1, "label": "x"})]})),
        (24, Payload("bare button", _C, {"components": [row({"type": 2, "style": 1, "custom_id": "x"})]})),
        (25, Payload("button label 81", _C, {"components": [row(button(label=text(81)))]}, spec=True)),
        (26, Payload("link button without url", _C, {"components": [row({"type": 2, "style": 5, "label": "x"})]})),
        (27, Payload("select with 26 options", _C, {"components": [row(select(26))]}, spec=True)),
        (
            28,
            Payload(
                "two options with the same value",
                _C,
                {
                    "components": [
                        row(select() | {"options": [{"label": "a", "value": "v"}, {"label": "b", "value": "v"}]})
                    ]
                },
            ),
        ),
        (29, Payload("TextDisplay without the V2 flag", _C, {"components": [display()]})),
        (30, Payload("V2 flag with content", _C, v2(display(), content="hi"))),
        (30, Payload("V2 flag with embeds", _C, v2(display(), embeds=[{"title": "t"}]))),
        (31, Payload("41 components", _C, v2(container(40)))),
        (32, Payload("two texts of 2500", _C, v2(display(text(2500)), display(text(2500))))),
        (33, Payload("gallery of 11", _C, v2(gallery(11)), spec=True)),
        (34, Payload("alt text 1025", _C, v2(gallery(1, description=text(1025))), spec=True)),
        (35, Payload("section with 4 texts", _C, v2(section(4)), spec=True)),
        (36, Payload("modal title 46", "modal", modal(label(), title=text(46)), spec=True)),
        (37, Payload("modal with 6 parts", "modal", modal(*labels(6)))),
        (38, Payload("Label text 46", "modal", modal(label(text(46))), spec=True)),
        (39, Payload("TextInput max_length 4001", "modal", modal(label(max_length=4001)), spec=True)),
        (40, Payload("command name Go now", "commands", [command(name="Go now")])),
        (41, Payload("command description empty", "commands", [command(description="")])),
        (42, Payload("command description 101", "commands", [command(description=text(101))], spec=True)),
        (43, Payload("26 options", "commands", [command(options=options(26))], spec=True)),
        (44, Payload("26 choices", "commands", [command(options=[option(choices=choices(26))])], spec=True)),
        (
            45,
            Payload(
                "required after optional",
                "commands",
                [command(options=[option(name="a"), option(name="b", required=True)])],
            ),
        ),
        (46, Payload("two options of the same name", "commands", [command(options=[option(), option()])])),
        (47, Payload("two commands of the same name", "commands", [command(), command()])),
        (
            48,
            Payload(
                "autocomplete with choices",
                "commands",
                [command(options=[option(autocomplete=True, choices=choices(1))])],
            ),
        ),
        (49, Payload("command of 8001 characters", "commands", sized(8001))),
        (50, Payload("101 slash commands", "commands", many(101))),
        (50, Payload("16 user commands", "commands", many(16, 2))),
        (50, Payload("16 message commands", "commands", many(16, 3))),
        (51, Payload("unknown locale", "commands", [command(name_localizations={"xx": "go"})])),
        (52, Payload("description on a context menu", "commands", [{"type": 2, "name": "Go", "description": "x"}])),
        (53, Payload("26 autocomplete results", "autocomplete", {"choices": choices(26)}, spec=True)),
        (54, Payload("select placeholder 151", _C, {"components": [row(select(placeholder=text(151)))]}, spec=True)),
    )
)

GOOD: tuple[Payload, ...] = (
    Payload("content 2000 on create", _C, {"content": text(2000)}),
    Payload("content 2000 on edit", _E, {"content": text(2000)}),
    Payload("content 2000 in a callback", "callback", {"content": text(2000)}),
    Payload("content 2000 in a follow-up", "follow_up", {"content": text(2000)}),
    Payload("one letter", _C, {"content": "x"}),
    Payload("a nonce of 25", _C, {"content": "x", "nonce": text(25), "enforce_nonce": True}),
    Payload("10 embeds", _C, {"embeds": [{"title": "t"}] * 10}),
    Payload("embed title 256", _C, embed(title=text(256))),
    Payload("embed description 4096", _C, embed(description=text(4096))),
    Payload("25 fields", _C, embed(fields=fields(25))),
    Payload("field name 256", _C, named(name=text(256))),
    Payload("field value 1024", _C, named(value=text(1024))),
    Payload("footer 2048", _C, embed(footer={"text": text(2048)})),
    Payload("author name 256", _C, embed(author={"name": text(256)})),
    Payload("embeds of 6000 characters", _C, {"embeds": [{"description": text(3000)}] * 2}),
    Payload("embed image by https", _C, embed(image={"url": "https://example.com/a.png"})),
    Payload("embed image of a file", _C, embed(image={"url": "attachment://a.png"}), files=("a.png",)),
    Payload("5 rows", _C, {"components": [row(button(custom_id=f"b{i}")) for i in range(5)]}),
    Payload("5 buttons in a row", _C, {"components": [row(*buttons(5))]}),
    Payload("custom_id 100", _C, {"components": [row(button(custom_id=text(100)))]}),
    Payload("button label 80", _C, {"components": [row(button(label=text(80)))]}),
    Payload(
        "button with only an emoji",
        _C,
        {"components": [row({"type": 2, "style": 2, "custom_id": "x", "emoji": {"name": "🎧"}})]},
    ),
    Payload(
        "link button", _C, {"components": [row({"type": 2, "style": 5, "label": "x", "url": "https://example.com"})]}
    ),
    Payload("select with 25 options", _C, {"components": [row(select(25, min_values=0, max_values=25))]}),
    Payload("select placeholder 150", _C, {"components": [row(select(placeholder=text(150)))]}),
    Payload("40 components", _C, v2(container(39))),
    Payload("texts of 4000", _C, v2(display(text(2000)), display(text(2000)))),
    Payload("gallery of 10", _C, v2(gallery(10))),
    Payload("alt text 1024", _C, v2(gallery(1, description=text(1024)))),
    Payload("section with 3 texts", _C, v2(section(3))),
    Payload(
        "a file shown as a file",
        _C,
        v2({"type": 13, "file": {"url": "attachment://mix.wav"}}),
        files=("mix.wav",),
    ),
    Payload("modal title 45", "modal", modal(label(), title=text(45))),
    Payload("modal with 5 parts", "modal", modal(*labels(5))),
    Payload("Label text 45", "modal", modal(label(text(45)))),
    Payload("TextInput max_length 4000", "modal", modal(label(max_length=4000))),
    Payload("command name of 32", "commands", [command(name=text(32))]),
    Payload("command description 100", "commands", [command(description=text(100))]),
    Payload("25 options", "commands", [command(options=options(25))]),
    Payload("25 choices", "commands", [command(options=[option(choices=choices(25))])]),
    Payload(
        "optional after required",
        "commands",
        [command(options=[option(name="a", required=True), option(name="b")])],
    ),
    Payload("autocomplete without choices", "commands", [command(options=[option(autocomplete=True)])]),
    Payload("command of 8000 characters", "commands", sized(8000)),
    Payload("100 slash commands", "commands", many(100)),
    Payload("15 user and 15 message commands", "commands", [*many(15, 2), *many(15, 3)]),
    Payload("a known locale", "commands", [command(name_localizations={"de": "los"})]),
    Payload("a context menu", "commands", [{"type": 2, "name": "Go On"}]),
    Payload("25 autocomplete results", "autocomplete", {"choices": choices(25)}),
)
