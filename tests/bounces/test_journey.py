"""From a file on disk to a card in chat, over real HTTP and WebSocket, as people see it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.actors import Actor
from bot.bounces.model import Filter
from bot.clock import FixedClock
from bot.errors import NotAllowed
from bot.local.people import Upload
from tests.bounces.signals import music, save
from tests.product import Product, running


@pytest.fixture
async def studio(clock: FixedClock, tmp_path: Path) -> AsyncIterator[Product]:
    folder = tmp_path / "exports"
    folder.mkdir()
    async with running(tmp_path / "data", clock, folders=[folder]) as product:
        runs = product.services.bounces.pipeline._runs.values()
        await product.wait_for(lambda: all(run.is_startup_over for run in runs))
        yield product


def drop(root: Path, name: str, *, seed: int = 1, seconds: float = 4, level: float = 1.0) -> Path:
    elsewhere = root / "rendering"
    elsewhere.mkdir(exist_ok=True)
    made = save(elsewhere / name, music(seconds, seed=seed) * level, 44100, "PCM_16")
    return Path(shutil.copyfile(made, root / "exports" / name))


async def posted(product: Product, count: int) -> None:
    """Let due work run until #bounces holds `count` messages."""

    async def there() -> bool:
        await product.work()
        return len(product.channel("bounces").messages()) >= count

    await product.wait_for(there, 30)


async def test_a_dropped_file_is_a_card_with_picture_and_player(studio: Product, tmp_path: Path) -> None:
    ada = studio.person("Ada").go("#bounces")
    drop(tmp_path, "Night Drive v1.wav")
    await posted(studio, 2)
    seen = ada.sees()
    assert "Night Drive" in seen
    assert "LUFS" in seen
    assert "Waveform, 0:04" in seen
    card, audio = studio.channel("bounces").messages()
    assert [name.rsplit(".", 1)[1] for name in ada.files(card)] == ["png"]
    assert list(ada.files(audio)) == ["night-drive-v1.wav"]
    assert ada.buttons(card) == ["Tag", "Link to loop", "Post", "More", "Delete"]


async def test_buttons_tag_link_delete_and_undo(studio: Product, tmp_path: Path) -> None:
    ada, ben = studio.person("Ada").go("#bounces"), studio.person("Ben").go("#bounces")
    drop(tmp_path, "Night Drive v1.wav")
    await posted(studio, 2)
    await ada.press("Tag")
    await ada.choose("Choose a tag", "Keeper")
    await ada.until_sees("Night Drive: Keeper")
    await ada.until_sees("Keeper ⭐")
    await ben.press("Tag")
    assert "only they can change it" in ben.sees()
    await ada.slash("/loop new", name="Night Drive")
    await ada.press("Link to loop")
    await ada.choose("Choose a loop", "Night Drive")
    await ada.until_sees("belongs to Night Drive now")
    await ada.press("Delete")
    await ada.until_sees("is in the bin for 30 days")

    async def empty() -> bool:
        return studio.channel("bounces").messages() == []

    await studio.wait_for(empty)
    await ada.press("Undo")
    await ada.slash("/bounce list")
    assert "Night Drive v1" in ada.sees()


async def test_versions_comparison_comments_and_slices(studio: Product, tmp_path: Path) -> None:
    ada, ben = studio.person("Ada").go("#bounces"), studio.person("Ben").go("#bounces")
    for number in (1, 2, 3):
        drop(tmp_path, f"Night Drive v{number}.wav", seed=number, level=0.4 + 0.2 * number)
        await posted(studio, 2 * number)
    assert "dB louder than v2" in ada.sees()
    newest = studio.channel("bounces").messages()[-2]
    await ben.press("More", on=newest)
    await ben.choose("What next?", "Comment on a moment")
    await ben.fill(at="0:02", text="the snare")
    await ben.until_sees("0:02 the snare (Ben)")
    await ada.press("More", on=newest)
    await ada.choose("What next?", "Mark a slice")
    await ada.fill(range="0:01-0:03", name="hook", tags="oracle")
    await ada.until_sees("Saved the slice hook")
    await ada.press("More", on=newest)
    await ada.choose("What next?", "Compare with…")
    await ada.choose("Compare with", "Night Drive · v1 · 0:04.0 · No tag")
    await ada.until_sees("Night Drive v3 against v1")
    await ada.press("More", on=newest)
    await ada.choose("What next?", "Slices as files")
    await ada.choose("Take one as WAV", "0:01–0:03 hook")
    files = await studio.wait_for(ada.files)
    assert [len(data) for data in files.values()] == [2 * 44100 * 4 + 44]
    await ada.press("All my slices")
    assert "from Night Drive" in ada.sees()
    await ada.choose("By tag", "oracle")
    await ada.choose("Take one as FLAC", "0:01–0:03 hook")
    flac = await studio.wait_for(lambda: next((f for name, f in ada.files().items() if name.endswith(".flac")), None))
    assert flac[:4] == b"fLaC"
    await ada.press("As CSV")
    table = await studio.wait_for(lambda: ada.files().get("slices.csv"))
    assert b"Night Drive v3.wav,1.0,3.0,hook,oracle" in table
    await ada.choose("Delete one", "0:01–0:03 hook")
    await ada.until_sees("The slice hook is deleted")
    await ada.press("Undo")
    assert len(await studio.services.bounces.notes.fragments(ada.id, "oracle")) == 1


async def test_comments_are_taken_away_by_who_wrote_them_the_owner_and_nobody_else(
    studio: Product, tmp_path: Path
) -> None:
    ada, ben = studio.person("Ada").go("#bounces"), studio.person("Ben").go("#bounces")
    drop(tmp_path, "Night Drive v1.wav")
    await posted(studio, 2)
    card = studio.channel("bounces").messages()[0]
    for person, words in ((ada, "the intro"), (ben, "the snare"), (ben, "the hat")):
        await person.press("More", on=card)
        await person.choose("What next?", "Comment on a moment")
        await person.fill(at="0:02", text=words)
        await person.until_sees(f"0:02 {words}")
    await ben.press("More", on=card)
    await ben.choose("What next?", "All comments")
    await ben.choose("Take a comment away", "0:02 the snare")
    await ben.until_sees("The comment is gone")
    notes = studio.services.bounces.notes
    bounce = (await studio.services.bounces.service.list(ada.id, Filter()))[0]
    left = await notes.comments(ada.id, bounce.id)
    assert [one.text for one in left] == ["the intro", "the hat"]
    await ben.press("Undo")
    assert len(await notes.comments(ada.id, bounce.id)) == 3
    with pytest.raises(NotAllowed):
        await notes.remove_comment(Actor.user(ben.id, "Ben"), ada.id, bounce.id, left[0].id)
    await ada.press("More", on=card)
    await ada.choose("What next?", "All comments")
    await ada.choose("Take a comment away", "0:02 the hat")
    await ada.until_sees("The comment is gone")


async def test_a_loudness_target_is_named_once_it_was_picked(studio: Product, tmp_path: Path) -> None:
    ada = studio.person("Ada").go("#bounces")
    drop(tmp_path, "Night Drive v1.wav", level=0.5)
    await posted(studio, 2)
    assert "Target" not in ada.sees()
    await ada.press("More")
    await ada.choose("What next?", "Loudness target")
    await ada.choose("Choose a target", "Streaming, −14 LUFS")
    await ada.until_sees("Your cards name Streaming")
    await ada.slash("/bounce show", bounce="Night Drive")
    await ada.until_sees("Streaming, −14 LUFS:", "LU below it")


async def test_what_a_servers_folder_brings_is_worked_on_by_its_team(studio: Product, tmp_path: Path) -> None:
    ada, ben = studio.person("Ada").go("#bounces"), studio.person("Ben").go("#bounces")
    shared = tmp_path / "shared"
    shared.mkdir()
    await ada.slash("/bounce folder")
    await ada.press("Add folder")
    await ada.fill(path=str(shared), owner="this server’s")
    await ada.until_sees("Watching shared")
    await studio.wait_for(lambda: all(run.is_startup_over for run in studio.services.bounces.pipeline._runs.values()))
    save(shared / "Jam.wav", music(3, seed=5), 44100, "PCM_16")
    await posted(studio, 2)
    card = studio.channel("bounces").messages()[0]
    await ben.press("Delete", on=card)
    await ben.until_sees("Only a lead of Studio may do that.")
    await ben.press("Tag", on=card)
    await ben.choose("Choose a tag", "Maybe")
    await ben.until_sees("Jam: Maybe")
    await ada.press("Tag", on=card)
    await ada.choose("Choose a tag", "Keeper")
    await ada.until_sees("Jam: Keeper")
    await ada.press("Undo")
    await ada.press("More", on=card)
    await ada.choose("What next?", "Edit title, note, tags")
    await ada.fill(title="Jam of Friday")
    await ada.until_sees("Saved Jam of Friday")
    await ada.slash("/bounce list", owner="me")
    await ada.until_sees("No bounce fits that.")
    await ada.press("This server’s")
    await ada.until_sees("Jam of Friday v1", "studio")
    await ada.slash("/bounce folder")
    await ada.until_sees("exports: watching, posts picture and audio (yours)")


async def test_an_upload_is_logged_once_and_a_text_is_refused(studio: Product, tmp_path: Path) -> None:
    ada = studio.person("Ada").go("#general")
    data = save(tmp_path / "Idea 120bpm.wav", music(3), 44100, "PCM_16").read_bytes()
    await ada.slash("/bounce new", file=Upload("Idea 120bpm.wav", data), note="first try")
    await ada.until_sees("Idea", "first try")
    await ada.slash("/bounce new", file=Upload("Other name.wav", data))
    await ada.until_sees("These samples are known already")
    await ada.slash("/bounce new", file=Upload("notes.wav", b"not audio at all" * 200))
    await ada.until_sees("it holds no audio that can be read")
    assert await studio.services.bounces.service.count(ada.id, Filter()) == 1


async def test_audio_of_an_upload_is_kept_where_the_server_says_so_and_goes_with_the_bounce(
    studio: Product, tmp_path: Path
) -> None:
    ada = studio.person("Ada").go("#general")

    async def upload(name: str, seed: int) -> tuple[str, list[str]]:
        """Log a file; return its bounce's id and what lies there of its audio."""
        data = save(tmp_path / name, music(3, seed=seed), 44100, "PCM_16").read_bytes()
        await ada.slash("/bounce new", file=Upload(name, data))
        await ada.until_sees(name.removesuffix(".wav"), "LUFS")
        (bounce,) = await studio.services.bounces.service.list(ada.id, Filter(text=name.removesuffix(".wav")), 5)
        folder = studio.services.bounces.pool.own_folder_of(bounce.content_hash, bounce.owner_id)
        return bounce.id, [path.name for path in folder.glob("audio.*")]

    assert (await upload("Facts only.wav", 1))[1] == []
    await ada.slash("/studio settings")
    await ada.press("Privacy")
    await ada.fill(audio="yes")
    bounce_id, kept = await upload("Kept.wav", 2)
    assert kept == ["audio.wav"]
    bounce = await studio.services.bounces.service.get(ada.id, bounce_id)
    assert await studio.services.bounces.audio.path(ada.id, bounce) is not None
    await studio.services.studio.privacy_delete(ada.id)
    assert not studio.services.bounces.pool.folder_of(bounce.content_hash).exists()


async def test_a_message_with_audio_is_logged_from_its_menu(studio: Product, tmp_path: Path) -> None:
    ada = studio.person("Ada").go("#general")
    data = save(tmp_path / "Sketch.wav", music(3), 44100, "PCM_16").read_bytes()
    message = await ada.say("listen", Upload("Sketch.wav", data))
    await ada.menu("Log as bounce", message)
    await ada.until_sees("Sketch", "LUFS")


async def test_numbers_and_export_of_the_catalogue(studio: Product, tmp_path: Path) -> None:
    ada = studio.person("Ada").go("#bounces")
    drop(tmp_path, "=Night Drive v1.wav")
    await posted(studio, 2)
    await ada.slash("/bounce list", tag="Keeper")
    assert "No bounce fits that" in ada.sees()
    await ada.slash("/bounce list")
    await ada.press("Numbers")
    await ada.until_sees("One bounce, 0.1 minutes")
    await ada.press("CSV")
    table = await studio.wait_for(lambda: ada.files().get("bounces.csv"))
    assert b"content_hash" in table
    assert b",'=Night Drive v1.wav" in table


async def test_a_burst_is_one_card(studio: Product, tmp_path: Path) -> None:
    ada = studio.person("Ada").go("#bounces")
    stems = tmp_path / "stems"
    stems.mkdir()
    for index in range(8):
        save(stems / f"Night Drive - {index:02}.wav", music(1.5, seed=index), 44100, "PCM_16")
    await asyncio.to_thread(shutil.copytree, stems, tmp_path / "exports", dirs_exist_ok=True)
    await posted(studio, 1)
    assert "Night Drive: 8 bounces" in ada.sees()
    assert "Sheet of 8 waveforms" in ada.sees()
    assert len(studio.channel("bounces").messages()) == 1


async def test_folder_panel_pauses_and_a_key_is_shown_once(studio: Product) -> None:
    ada, ben = studio.person("Ada").go("#general"), studio.person("Ben").go("#general")
    await ben.slash("/bounce folder")
    assert "for the person who runs me" in ben.sees()
    await ada.slash("/bounce folder")
    await ada.until_sees("exports: watching, posts picture and audio")
    await ada.choose("Change a folder", "exports")
    await ada.press("How it is watched")
    await ada.fill(depth="Only this folder", mode="Look every few seconds", ignore="*_rough*\nStems/*")
    await ada.until_sees("Saved.")
    (folder,) = await studio.services.bounces.folders.all()
    assert (folder.is_recursive, folder.mode, folder.ignore) == (False, "polling", ("*_rough*", "Stems/*"))
    await ada.press("Pause")
    await ada.until_sees("paused")
    await ada.press("Back")
    await ada.press("Keys")
    await ada.press("New key")
    await ada.fill(name="Studio machine")
    await ada.until_sees("Your key, shown this once", "sh_")
