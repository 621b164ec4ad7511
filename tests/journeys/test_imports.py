"""Files that strangers bring: used whole or not at all, and nobody else waits for them."""

import asyncio
import io
import json
import os
import statistics
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.actors import Actor as Doer
from bot.archive.reader import read
from bot.archive.rows import BadRow, bounce_of, checked_row
from bot.archive.takeover import Taken
from bot.bounces.model import Filter
from bot.clock import FixedClock
from bot.imports.apart import read_apart
from bot.imports.model import ImportRules
from bot.local.people import Upload
from bot.rules import load_rules
from tests.product import Product, running
from tests.wire.kit import Actor

RULES = load_rules("imports", ImportRules)


def row(number: int = 1, **changed: Any) -> dict[str, Any]:
    content = changed.pop("content_hash", f"{number:064x}")
    facts = {
        "duration_s": 3.0,
        "frames": 66150,
        "sample_rate": 22050,
        "channels": 1,
        "bit_depth": 16,
        "codec": "PCM_16",
        "size_bytes": 132344,
        "content_hash": content,
        "file_hash": content,
        "integrated_lufs": -14.2,
        **changed.pop("facts", {}),
    }
    return {
        "title": f"Gift {number}",
        "file_name": f"gift-{number}.wav",
        "family": "Gift",
        "family_key": "gift",
        "version": number,
        "bounced_at_ms": 1_770_000_000_000 + number,
        "content_hash": content,
        "facts": facts,
        "source": "upload",
        "tag": None,
        "tags": [],
        "note": "",
        "phase": None,
        "loop": "",
        **changed,
    }


def catalogue(*rows: Any, **changed: Any) -> bytes:
    return json.dumps({"format": "studiohand.catalogue", "version": 1, "bounces": list(rows), **changed}).encode()


async def blocks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 65536):
        yield data[start : start + 65536]


@pytest.fixture
def ben(product: Product) -> Actor:
    return product.person("Ben")


async def take(product: Product, person: Actor, data: bytes) -> Taken:
    takeover = product.services.archive.takeover
    return await takeover.take(Doer.user(person.id, person.name), person.id, len(data), blocks(data))


async def kept(product: Product, person: Actor) -> int:
    return len(await product.services.bounces.service.list(person.id, Filter()))


def codes(taken: Taken) -> list[tuple[int, str, object]]:
    return [(problem.row, problem.code, problem.parts.get("field")) for problem in taken.problems]


async def test_a_catalogue_is_taken_over_by_its_form_and_a_bad_one_names_its_rows(product: Product, ben: Actor) -> None:
    await ben.slash("/digest list")
    await ben.press("Export archive")
    await ben.press("Import a catalogue")
    await ben.fill(file=Upload("catalogue.json", catalogue(row(1), row(2, facts={"duration_s": -1}), row(3, title=""))))
    await ben.until_sees(
        "Nothing was taken over", "row 2: facts.duration", "is missing, or no number", "row 3: title is empty"
    )
    assert await kept(product, ben) == 0
    await ben.press("Import a catalogue")
    await ben.fill(file=Upload("catalogue.json", catalogue(row(1), row(2, loop="Night Drive"))))
    await ben.until_sees("2 bounces were taken over.")
    assert await kept(product, ben) == 2
    lines = await product.services.loops.loops.lines(ben.id)
    assert [line.loop.name for line in lines] == ["Night Drive"]


ODD: dict[str, tuple[Any, tuple[str, str]]] = {
    "a path as content": ({"content_hash": "/etc"}, ("hash", "content_hash")),
    "a path of the length of a hash": ({"content_hash": "../" * 21 + "a"}, ("hash", "content_hash")),
    "facts of another content": ({"facts": {"content_hash": "f" * 64}}, ("hash", "facts.content_hash")),
    "a folder in the name": ({"file_name": "../../x.wav"}, ("path", "file_name")),
    "a folder of Windows in the name": ({"file_name": "C:\\x.wav"}, ("path", "file_name")),
    "no number": ({"facts": {"duration_s": float("nan")}}, ("number", "facts.duration_s")),
    "no end": ({"facts": {"integrated_lufs": float("inf")}}, ("number", "facts.integrated_lufs")),
    "a text as a number": ({"facts": {"duration_s": "long"}}, ("facts", "facts.duration_s")),
    "a negative version": ({"version": -5}, ("number", "version")),
    "a huge version": ({"version": 10**19}, ("number", "version")),
    "a flag as a version": ({"version": True}, ("number", "version")),
    "a day far away": ({"bounced_at_ms": 10**18}, ("number", "bounced_at_ms")),
    "a negative size": ({"facts": {"size_bytes": -1}}, ("number", "facts.size_bytes")),
    "junk sections": ({"facts": {"sections": [{"start_s": "a"}]}}, ("facts", "facts.sections.0.start_s")),
    "sections outside": (
        {"facts": {"sections": [{"start_s": 9, "end_s": 99, "label": "intro"}]}},
        ("number", "facts.sections"),
    ),
    "a silence before it begins": (
        {"facts": {"silence": {"gaps_s": [[-1e15, 1.0]]}}},
        ("number", "facts.silence.gaps_s"),
    ),
    "a silence far behind": ({"facts": {"silence": {"gaps_s": [[0.0, 1e15]]}}}, ("number", "facts.silence.gaps_s")),
    "clipping far behind": (
        {"facts": {"clipping": {"runs": 1, "places_s": [1e15]}}},
        ("number", "facts.clipping.places_s"),
    ),
    "loudest far behind": ({"facts": {"loudest_at_s": 1e15}}, ("number", "facts.loudest_at_s")),
    "half a character": ({"title": "\ud800"}, ("surrogate", "title")),
    "a NUL": ({"title": "a\0b"}, ("control", "title")),
    "turned direction": ({"title": "gpj.\u202ewav"}, ("direction", "title")),
    "a title without end": ({"title": "x" * 5000}, ("too_long", "title")),
    "no title": ({"title": ""}, ("empty", "title")),
    "a list as a note": ({"note": ["x"]}, ("not_text", "note")),
    "an unknown source": ({"source": "moon"}, ("word", "source")),
    "eleven tags": ({"tags": ["x"] * 11}, ("too_many", "tags")),
    "a tag of numbers": ({"tags": [7]}, ("not_text", "tags")),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_row_is_refused_with_its_field(name: str) -> None:
    changed, wanted = ODD[name]
    with pytest.raises(BadRow) as bad:
        checked_row(row(1, **changed))
    assert (bad.value.code, bad.value.field) == wanted


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(sorted(row())),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
            max_leaves=4,
        ),
        max_size=4,
    )
)
def test_whatever_stands_in_a_row_it_is_a_bounce_or_refused(changed: dict[str, Any]) -> None:
    try:
        taken = checked_row({**row(1), **changed})
    except BadRow:
        return
    bounce = bounce_of(json.loads(json.dumps(taken)), 1, None)
    assert len(bounce.content_hash) == 64
    assert 0 < bounce.facts.duration_s <= 100_000
    assert bounce.number >= 1
    assert bounce.title == bounce.title.strip("\0")
    json.dumps(bounce.facts.to_dict(), allow_nan=False)


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


HOSTILE: dict[str, tuple[Any, str]] = {
    "no JSON": (lambda: b"hello", "not_json"),
    "half of it": (lambda: catalogue(row(1), row(2))[:-200], "not_json"),
    "another format": (lambda: catalogue(row(1), format="other"), "format"),
    "no bounces": (lambda: b'{"format": "studiohand.catalogue", "version": 1}', "format"),
    "deep": (lambda: catalogue({**row(1), "facts": json.loads("[" * 60 + "]" * 60)}), "too_deep"),
    "very deep": (lambda: b'{"bounces": ' + b"[" * 200_000, "too_deep"),
    "a number without end": (
        lambda: catalogue(row(1)).replace(b'"version": 1,', b'"version": ' + b"9" * 40 + b","),
        "not_json",
    ),
    "a zip bomb": (lambda: packed({"catalogue.json": b"[" + b" " * (60 << 20)}), "bomb"),
    "no zip": (lambda: b"PK\x03\x04" + bytes(200), "format"),
    "a zip of nothing": (lambda: packed({"x": b""}), "format"),
    "too many files": (
        lambda: packed({f"loops/{n}.json": b"" for n in range(RULES.entries_max + 1)}),
        "too_many_files",
    ),
    "a loop of junk": (lambda: packed({"catalogue.json": catalogue(row(1)), "loops/x.json": b"junk"}), "loop"),
    "a loop of too many clips": (
        lambda: packed(
            {
                "catalogue.json": catalogue(row(1, loop="x")),
                "loops/x.json": b'{"format": "studiohand.loop", "version": 1, "clips": [' + b"{}," * 120_000 + b"{}]}",
            }
        ),
        "loop",
    ),
    "the same audio twice": (lambda: catalogue(row(1), row(1)), "twice"),
    "two hundred loops": (lambda: catalogue(*(row(n, loop=f"Loop {n}") for n in range(1, 201))), "too_many_loops"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_file_changes_nothing_and_leaves_nothing(product: Product, ben: Actor, name: str) -> None:
    make, code = HOSTILE[name]
    taken = await take(product, ben, make())
    assert [problem.code for problem in taken.problems] == [code]
    assert await kept(product, ben) == 0
    assert await product.services.loops.loops.lines(ben.id) == []
    assert list(product.services.archive.takeover.spool.folder.glob("*")) == []


async def test_a_file_that_is_too_large_is_refused_before_a_byte_is_read(product: Product, ben: Actor) -> None:
    from bot.errors import Refused

    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("a byte was read")
        yield b""

    takeover = product.services.archive.takeover
    with pytest.raises(Refused) as refused:
        await takeover.take(Doer.user(ben.id, "Ben"), ben.id, RULES.bytes_max + 1, never())
    assert refused.value.code == "import_large"


async def test_a_file_that_says_it_is_small_and_is_not_is_cut_off(
    product: Product, ben: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.errors import Refused

    spool = product.services.archive.takeover.spool
    monkeypatch.setattr(spool, "_rules", RULES.model_copy(update={"bytes_max": 100_000}))
    data = catalogue(*(row(n) for n in range(1, 400)))
    with pytest.raises(Refused):
        await product.services.archive.takeover.take(Doer.user(ben.id, "Ben"), ben.id, 10, blocks(data))
    assert list(spool.folder.glob("*")) == []


async def test_many_files_at_once_start_few_readers(
    product: Product, ben: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most = 0, 0

    async def counted(*arguments: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return await read_apart(*arguments)
        finally:
            running -= 1

    monkeypatch.setattr("bot.archive.takeover.read_apart", counted)
    people = [ben, *(product.newcomer(f"Guest {number}") for number in range(5))]
    taken = await asyncio.gather(*(take(product, one, catalogue(row(1))) for one in people))
    assert [one.new for one in taken] == [1] * len(people)
    assert most == RULES.at_once


async def test_others_commands_are_answered_while_a_large_file_is_taken_over(product: Product, ben: Actor) -> None:
    """Compared with the same commands before it: no absolute time."""
    ada = product.person("Ada")
    await ada.slash("/loop new", name="Night Drive")

    async def commands(count: int) -> list[float]:
        took = []
        for number in range(count):
            began = time.perf_counter()
            await ada.slash("/studio about")
            took.append(time.perf_counter() - began)
            await asyncio.sleep(0.01 * (number % 3))
        return took

    alone = await commands(20)
    importing = asyncio.ensure_future(take(product, ben, catalogue(*(row(n) for n in range(1, 3001)))))
    beside: list[float] = []
    while not importing.done():
        beside += await commands(1)
    assert (await importing).new == 3000
    assert statistics.median(beside) < 20 * statistics.median(alone)


async def test_what_was_accepted_is_finished_after_a_restart(tmp_path: Path, clock: FixedClock) -> None:
    data = catalogue(*(row(n) for n in range(1, 301)))
    async with running(tmp_path / "data", clock) as product:
        ben = product.person("Ben")
        await product.services.engine.stop()
        waiting = asyncio.ensure_future(take(product, ben, data))
        folder = product.services.archive.takeover.spool.folder

        async def accepted() -> bool:
            async with product.services.database.system_read() as unit:
                from storage.repositories.slots import SlotRepository

                slots = unit.repo(SlotRepository)
                return any([await slots.open_of("takeover", one.name, ben.id) for one in folder.glob("*")])

        await product.wait_for(accepted)
        waiting.cancel()
        owner = ben.id
        assert await kept(product, ben) == 0
    async with running(tmp_path / "data", clock) as product:
        await product.work()
        assert len(await product.services.bounces.service.list(owner, Filter(), limit=500)) == 300
        assert list(product.services.archive.takeover.spool.folder.glob("*")) == []


async def test_what_waits_of_somebody_who_deletes_everything_goes_at_once(product: Product, ben: Actor) -> None:
    await product.services.engine.stop()
    waiting = asyncio.ensure_future(take(product, ben, catalogue(row(1))))
    folder = product.services.archive.takeover.spool.folder
    await product.wait_for(lambda: list(folder.glob(f"import-{ben.id}-*/loops.json")))
    await product.services.studio.privacy_delete(ben.id)
    assert list(folder.glob("*")) == []
    waiting.cancel()


async def test_the_content_of_somebody_else_is_not_handed_to_who_names_its_hash(
    product: Product, ben: Actor, tmp_path: Path
) -> None:
    from tests.bounces.signals import music, save

    ada = product.person("Ada")
    data = save(tmp_path / "Secret.wav", music(1.5, 22050), 22050, "PCM_16").read_bytes()
    await ada.slash("/bounce new", file=Upload("Secret.wav", data))
    await ada.until_sees("LUFS")
    (hers,) = await product.services.bounces.service.list(ada.id, Filter())
    await product.services.bounces.audio.keep(hers, tmp_path / "Secret.wav")
    facts = {"size_bytes": len(data)}
    assert (await take(product, ben, catalogue(row(1, content_hash=hers.content_hash, facts=facts)))).new == 1
    (his,) = await product.services.bounces.service.list(ben.id, Filter())
    assert await product.services.bounces.audio.path(ben.id, his) is None


def test_the_reader_holds_a_row_at_a_time(tmp_path: Path) -> None:
    """Its checked rows are for nobody else to read."""
    (tmp_path / "file").write_bytes(catalogue(*(row(n) for n in range(1, 51))))
    count, problems = read(tmp_path / "file", RULES)
    assert (count, problems) == (50, [])
    modes = {path.name: os.stat(path).st_mode & 0o777 for path in tmp_path.glob("*.json*")}
    assert modes == {"checked.jsonl": 0o600, "loops.json": 0o600}
