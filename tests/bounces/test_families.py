"""Version families from names as people really write them."""

import unicodedata

import pytest

from bot.bounces.families import bpm_in_name, common_prefix, family

NIGHT_DRIVE = {
    "Night Drive.wav": None,
    "Night Drive v2.wav": 2,
    "Night Drive V3.WAV": 3,
    "night_drive_v04.wav": 4,
    "Night-Drive-v5.1.wav": 5,
    "Night.Drive.v2.wav": 2,
    "Night Drive v2b.wav": 2,
    "Night Drive version 12.wav": 12,
    "Night Drive ver.2.wav": 2,
    "Night Drive v2 (louder).wav": 2,
    "Night Drive (mix 4).wav": 4,
    "Night Drive [Mix 5].wav": 5,
    "Night Drive (Mix).wav": None,
    "Night Drive (Mix) v2.wav": 2,
    "Night Drive mix4.wav": 4,
    "Night Drive bounce 7.wav": 7,
    "Night Drive rev3.wav": 3,
    "Night Drive demo 2.wav": 2,
    "Night Drive_03.wav": 3,
    "Night Drive 3.wav": 3,
    "Night Drive (3).wav": 3,
    "Night Drive 40.wav": 40,
    "Night Drive_41.wav": 41,
    "Night Drive 041.wav": 41,
    "Night Drive (master v3).wav": 3,
    "Night Drive (120).wav": 120,
    "Night Drive_02_v3.wav": 3,
    "Night Drive FINAL.wav": None,
    "Night Drive FINAL2.wav": 2,
    "Night Drive final final.wav": None,
    "Night Drive_final_v2_FINAL.wav": 2,
    "Night Drive_v3_FINAL_REV2.wav": 3,
    "Night Drive - master.wav": None,
    "Night Drive-Master.wav": None,
    "Night Drive_mastered.wav": None,
    "Night Drive (Master 2).wav": 2,
    "Night Drive premaster.wav": None,
    "Night Drive - Mixdown.wav": None,
    "Night Drive_rough.wav": None,
    "Night Drive 2025-06-12.wav": None,
    "Night Drive_20250612.wav": None,
    "Night Drive 12.06.2025.wav": None,
    "Night Drive 250612.wav": None,
    "Night Drive 2025-06-12 14-30.wav": None,
    "2025-06-12 Night Drive.wav": None,
    "Night Drive 128bpm.wav": None,
    "Night Drive_128 BPM_Am.wav": None,
    "Night Drive - Copy.wav": None,
    "Night Drive copy 2.wav": None,
    "Night Drive 24bit 48k.wav": None,
    "Night Drive_24-48.wav": None,
    "Night Drive 44.1k.wav": None,
    "Night Drive v10 96kHz 24bit MASTER.flac": 10,
    "C:\\Exports\\Night Drive v6.mp3": 6,
}
OTHERS = {
    "Night Drive (Extended Mix).wav": ("night drive extended mix", None),
    "Night Drive (Extended Mix) v2.wav": ("night drive extended mix", 2),
    "Night Drive (Radio Edit).wav": ("night drive radio edit", None),
    "Night Drive Instrumental v3.wav": ("night drive instrumental", 3),
    "Night Drive (Remix).wav": ("night drive remix", None),
    "Track 01.wav": ("track 01", None),
    "Track 02.wav": ("track 02", None),
    "Loop 99.wav": ("loop 99", None),
    "Beat 12 v2.wav": ("beat 12", 2),
    "Blink 182.wav": ("blink 182", None),
    "Night Drive 41.wav": ("night drive 41", None),
    "Night Drive (1984).wav": ("night drive 1984", None),
    "Night Drive Am.wav": ("night drive am", None),
    "Night Drive Club Mix.wav": ("night drive club mix", None),
    "303 v2.wav": ("303", 2),
    "12 v2.wav": ("12 v2", None),
    "fin 2.wav": ("fin", 2),
    "Route 66.wav": ("route 66", None),
    "Symphony No. 5.wav": ("symphony no 5", None),
    "99 Problems v3.wav": ("99 problems", 3),
    "1999.wav": ("1999", None),
    "1999 v2.wav": ("1999", 2),
    "Final Countdown.wav": ("final countdown", None),
    "Final Countdown v2.wav": ("final countdown", 2),
    "Master of Puppets_v2.mp3": ("master of puppets", 2),
    "final.wav": ("final", None),
    "v2.wav": ("v2", None),
    "mix.wav": ("mix", None),
    "mix 4.wav": ("mix", 4),
    "A v2.wav": ("a", 2),
    "Stem 03 Kick.wav": ("stem 03 kick", None),
    "Song (feat. Ada) v2.wav": ("song feat ada", 2),
    "memory-spike-v2.wav": ("memory spike", 2),
    "frag-loop-finale.mp3": ("frag loop finale", None),
    "Über_v2.wav": ("über", 2),
    "夜のドライブ_v2.wav": ("夜のドライブ", 2),
    "Ночь v3.flac": ("ночь", 3),
    "राग_v2.wav": ("राग", 2),
    "กิน v3.wav": ("กิน", 3),
    "Night Drive ❤️ Remix.wav": ("night drive remix", None),
}


@pytest.mark.parametrize("name", NIGHT_DRIVE)
def test_every_way_of_naming_a_version_is_one_family(name: str) -> None:
    found = family(name)
    assert (found.key, found.number) == ("night drive", NIGHT_DRIVE[name])


@pytest.mark.parametrize("name", OTHERS)
def test_what_names_the_piece_stays(name: str) -> None:
    found = family(name)
    assert (found.key, found.number) == OTHERS[name]


@pytest.mark.parametrize(
    ("one", "other"),
    [("राग", "रोग"), ("दिन", "दान"), ("กิน", "กัน"), ("ปลา", "ปล่า"), ("கலை", "கலி"), ("מָלֵא", "מִלֵּא"), ("Ñu", "Nu")],
)
def test_titles_that_differ_only_in_a_vowel_or_a_tone_are_two_pieces(one: str, other: str) -> None:
    """Most scripts of India and South East Asia write vowels as marks on the letter before them."""
    assert family(f"{one}.wav").key != family(f"{other}.wav").key
    assert family(f"{one} v2.wav").key == family(f"{one}.wav").key
    assert family(unicodedata.normalize("NFD", f"{one} v2.wav")).key == family(f"{one}.wav").key


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("night_drive_v04.wav", "night drive"),
        ("Night Drive - master.wav", "Night Drive"),
        ("  Night   Drive__FINAL.wav", "Night Drive"),
        ("Night.Drive.v2.wav", "Night.Drive"),
        ("Night-Drive (v2 3).wav", "Night-Drive"),
        ("Mr. Blue v2.aif", "Mr. Blue"),
        ("notes.txt v2.wav", "notes.txt"),
        ("Take five.m4a.wav", "Take five.m4a"),
        ("x" * 300 + ".wav", "x" * 200),
    ],
)
def test_a_piece_is_shown_as_it_was_written_without_what_was_appended(name: str, title: str) -> None:
    assert family(name).title == title


def test_there_are_sixty_names() -> None:
    assert len(NIGHT_DRIVE) + len(OTHERS) >= 60


@pytest.mark.parametrize("name", ["", ".wav", "....", "((((", "v" * 300 + ".wav", "\u202e.wav", "😀 v2.wav", "()"])
def test_odd_names_have_a_family_too(name: str) -> None:
    assert len(family(name).title) <= 200


def test_a_name_may_state_the_tempo() -> None:
    assert bpm_in_name("Loop_92,5bpm_v2.wav") == 92.5
    assert bpm_in_name("Loop 1280bpm.wav") is None
    assert bpm_in_name("bpm 174 Loop.wav") == 174
    assert [bpm_in_name(f"Loop {bpm}bpm.wav") for bpm in (39, 40, 300, 301)] == [None, 40, 300, None]


def test_stems_share_a_prefix() -> None:
    assert (
        common_prefix(["Night Drive - Kick.wav", "Night Drive - Keys.wav", "Night Drive - Bass.wav"]) == "Night Drive"
    )
    assert common_prefix(["a.wav", "b.wav"]) == ""


def test_one_file_and_no_file_share_nothing() -> None:
    """A sheet of one still needs the name of the one under its picture."""
    assert common_prefix(["Night Drive - Kick.wav"]) == ""
    assert common_prefix([]) == ""


@pytest.mark.parametrize(
    ("names", "shared"),
    [
        (["Abc 1.wav", "Abc 2.wav"], "Abc"),
        (["Ab 1.wav", "Ab 2.wav"], ""),
        (["Night Drive Kick.wav", "Night Driver.wav"], "Night"),
        (["Night Drive", "Night Drive - Kick"], "Night Drive"),
        (["Nightdrive.wav", "Nightfall.wav"], ""),
    ],
)
def test_what_stems_share_ends_at_a_word_and_has_three_letters(names: list[str], shared: str) -> None:
    assert common_prefix(names) == shared
    assert common_prefix(names[::-1]) == shared
