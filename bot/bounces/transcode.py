"""Other forms of a bounce's audio: a preview that fits an upload limit, and a part cut out."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import soundfile
from numpy.typing import NDArray

from bot.bounces.source import Source, open_source

if TYPE_CHECKING:
    from bot.bounces.rules import BounceRules

_BLOCK = 65_536
# Vorbis qualities (as libsndfile's compression level) and about what they need in kbit/s for stereo.
_QUALITIES = ((0.2, 256), (0.4, 192), (0.6, 128), (0.8, 96), (1.0, 64))


def make_preview(path: Path, to: Path, most_bytes: int, rules: "BounceRules") -> Path | None:
    """Write `path` as OGG Vorbis at the highest quality that fits `most_bytes`; None where none does.

    The bit rates are estimates; when a result is too large, the next lower quality is tried.
    """
    with open_source(path, rules) as source:
        seconds = max(source.header.frames / source.header.sample_rate, 0.1)
    for level, kbits in _QUALITIES:
        if seconds * kbits * 1000 / 8 > most_bytes * 1.05:
            continue
        part = to.with_name(to.name + ".part")
        with open_source(path, rules) as source:
            channels, rate = min(source.header.channels, 2), source.header.sample_rate
            with soundfile.SoundFile(
                str(part), "w", rate, channels, "VORBIS", format="OGG", compression_level=level
            ) as out:
                for block in _float_blocks(source):
                    out.write(cast(NDArray[np.float32], block[:, :channels]))
                    if part.stat().st_size > most_bytes:
                        break
        if part.stat().st_size <= most_bytes:
            part.replace(to)
            return to
        part.unlink()
    return None


def cut_slice(path: Path, to: Path, start_s: float, end_s: float, rules: "BounceRules") -> None:
    """Write the part from `start_s` to `end_s` to `to` (.wav or .flac), samples untouched where the format
    allows."""
    with open_source(path, rules) as source:
        rate = source.header.sample_rate
        first, last = round(start_s * rate), round(end_s * rate)
        depth = source.header.bit_depth
        is_flac = to.suffix == ".flac"
        subtype = "PCM_16" if depth is not None and depth <= 16 else "PCM_24"
        if not is_flac and source.scale == 1.0:
            subtype = "FLOAT"
        part = to.with_name(to.name + ".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        with soundfile.SoundFile(
            str(part), "w", rate, source.header.channels, subtype, format="FLAC" if is_flac else "WAV"
        ) as out:
            at = 0
            for block in source.blocks(_BLOCK):
                begin, end = max(first - at, 0), min(last - at, len(block))
                if begin < end:
                    out.write(cast(NDArray[np.float32], block[begin:end]))
                at += len(block)
                if at >= last:
                    break
        part.replace(to)


def _float_blocks(source: Source):
    for block in source.blocks(_BLOCK):
        yield block if block.dtype == np.float32 else block.astype(np.float32) * np.float32(source.scale)
