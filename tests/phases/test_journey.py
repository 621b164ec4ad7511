"""A form map over a real bounce: estimated, timed, carried on to the next version; the cover picture."""

import struct
from pathlib import Path

from tests.bounces.test_journey import drop, posted, studio
from tests.product import Product

__all__ = ["studio"]


async def test_a_form_map_goes_with_the_piece_from_version_to_version(studio: Product, tmp_path: Path) -> None:
    ada = studio.person("Ada").go("#bounces")
    drop(tmp_path, "Night Drive v1.wav", seconds=8)
    await posted(studio, 2)
    await ada.press("More")
    await ada.choose("What next?", "Form map")
    await ada.until_sees("Version 1 of this form map", "Ideas for textures")
    await ada.press("On the waveform")
    await ada.until_sees("Sections (estimated)")
    await ada.press("Edit")
    await ada.fill(sections="intro 2 @ 0:00: one sound\nverse 4 @ 0:02\ndrop 2 @ 0:06", constraint="")
    await ada.until_sees("Version 2")
    await ada.press("On the waveform")
    await ada.until_sees("Sections (timed): intro 0:00, verse 0:02, drop 0:06.")
    await ada.choose("Compare with a version", "Version 1, 4 sections")
    await ada.until_sees("Since version 1")
    assert b"```diff" in next(data for name, data in ada.files().items() if name.startswith("form_"))

    drop(tmp_path, "Night Drive v2.wav", seconds=4, seed=2)
    await posted(studio, 4)
    newest = studio.channel("bounces").messages()[-2]
    await ada.press("More", on=newest)
    await ada.choose("What next?", "Form map")
    await ada.until_sees("verse 4 @ 0:02")
    await ada.press("On the waveform")
    await ada.until_sees("This bounce is shorter than a time you gave")
    await ada.press("More", on=newest)
    await ada.choose("What next?", "Cover picture without words")
    await ada.until_sees("a square of 3,000 pixels")
    cover = next(data for name, data in ada.files().items() if name.endswith("-cover.png"))
    assert struct.unpack(">II", cover[16:24]) == (3000, 3000)
    assert cover[25] == 2, "colours without an alpha channel"
