"""Names that people and files bring: read as they were typed, and none of them becomes a link or a heading of mine."""

import re

from bot.local.model import Message
from bot.local.parts import walk
from tests.journeys.test_imports import catalogue, codes, row, take
from tests.product import Product
from tests.wire.kit import typed

LINK = "[Free Nitro](https://example.com/x)"
LIVE = re.compile(r"(?<!\\)\[[^\]]*(?<!\\)\]\(http")
"""A masked link as Discord would show it: neither bracket is escaped."""
TURNED = "Mix \u202egnp.exe\u2066 pass"


def said(message: Message) -> list[str]:
    """Return every text of a message, labels and words of pictures among them."""
    found: list[str] = []
    for part in walk(message.components):
        found += [str(part[key]) for key in ("content", "label", "placeholder", "description") if part.get(key)]
        for one in (*(part.get("options") or ()), *(part.get("items") or ())):
            found += [str(one[key]) for key in ("label", "description") if one.get(key)]
    return found


async def test_no_word_of_a_catalogue_becomes_a_link_of_mine(product: Product) -> None:
    ada = product.person("Ada").go("#general")
    parts = [{"start_s": 0.0, "end_s": 1.0, "label": LINK}]
    odd = {"codec": LINK, "bit_depth": None, "sections": parts, "tags": {"title": LINK, "artist": LINK}}
    moved = {"sections": [{"start_s": 2.0, "end_s": 3.0, "label": LINK}]}
    given = catalogue(
        row(1, facts=odd, title="First", note=LINK, loop=LINK), row(2, facts=moved, title="Second", version=2)
    )
    assert (await take(product, ada, given)).new == 2
    assert codes(await take(product, ada, catalogue(row(3, tags=["[x](http://e.co)"])))) == [(1, "word", "tags")]
    for name in ("First", "Second"):
        await ada.slash("/bounce show", bounce=name)
        card = ada.last()
        await ada.press("More", on=card)
        await ada.choose("What next?", "All facts as text")
        await ada.press("Post", on=card)
        await ada.choose("Post here", product.channel("general"))
        await product.work()
    shown = [text for message in ada.person.sees() for text in said(message)]
    assert any("Free Nitro" in text for text in shown)
    assert [text for text in shown if LIVE.search(text)] == []


async def test_no_name_turns_what_others_read(product: Product) -> None:
    ada, ben = product.person("Ada").go("#general"), product.person("Ben").go("#general")
    await ada.slash("/loop new", name=typed(TURNED))
    await ada.slash("/loop clip")
    await ada.fill(name=TURNED)
    await ada.slash("/loop show", loop=typed(TURNED))
    await ada.press("Post to channel")
    shown = [text for who in (ada, ben) for message in who.person.sees() for text in said(message)]
    assert any("Mix gnp.exe pass" in text for text in said(ben.last()))
    assert [text for text in shown if set(text) & set("\u202e\u2066")] == []
    assert [name for name in await ada.offers("/loop show", "loop", "Mix") if "\u202e" in name] == []
    await ada.slash("/loop delete", loop=typed(TURNED))
    await ada.fill(typed="Mix gnp.exe pass")
    assert await product.services.loops.loops.lines(ada.id) == []
