"""Read the samples of an audio file in blocks, as integers where the file holds integers.

PCM up to 16 bit is read as int16 and 24/32 bit as int32, which is several times cheaper than float reads;
lossy
formats are read as float32, because their decoded peaks exceed 1.0. AAC goes through ffmpeg where it is
installed.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from bot.bounces.model import Trouble
from bot.bounces.trouble import CannotMeasure, trouble_of

if TYPE_CHECKING:
    from bot.bounces.rules import BounceRules

_INT16 = frozenset({"PCM_16", "PCM_S8", "PCM_U8", "ULAW", "ALAW", "DPCM_16", "DPCM_8", "IMA_ADPCM", "MS_ADPCM"})
_INT32 = frozenset({"PCM_24", "PCM_32", "ALAC_16", "ALAC_20", "ALAC_24", "ALAC_32"})
_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}
_CODEC = {
    "FLOAT": "float",
    "DOUBLE": "float",
    "VORBIS": "Vorbis",
    "OPUS": "Opus",
    "MPEG_LAYER_III": "MP3",
    "ULAW": "u-law",
    "ALAW": "A-law",
}


@dataclass(frozen=True, slots=True)
class Header:
    """What the container says before anything is decoded. `frames` is a claim, not a fact."""

    sample_rate: int
    channels: int
    frames: int
    codec: str
    bit_depth: int | None
    is_lossy: bool


class Source(Protocol):
    """An open audio file: frames as (frames, channels) in the file's own kind of number."""

    header: Header
    scale: float

    def blocks(self, frames: int) -> Iterator[NDArray[np.generic]]:
        """Yield blocks of at most `frames`; a block is the caller's own."""
        ...

    def close(self) -> None: ...


class open_source:
    """Open `path` within the limits of `rules`; raises CannotMeasure."""

    def __init__(self, path: Path, rules: "BounceRules") -> None:
        self._path = path
        self._rules = rules
        self._source: Source | None = None

    def __enter__(self) -> Source:
        try:
            size = os.stat(self._path).st_size
            with self._path.open("rb") as file:
                head = file.read(12)
        except OSError as error:
            raise CannotMeasure(trouble_of(error), str(error.errno)) from None
        if size == 0:
            raise CannotMeasure(Trouble.EMPTY)
        if size > self._rules.max_size_bytes:
            raise CannotMeasure(Trouble.TOO_LARGE)
        if head[4:8] == b"ftyp":
            self._source = _FfmpegSource(self._path)
        else:
            self._source = _SoundfileSource(self._path)
        try:
            self._check(self._source.header)
        except CannotMeasure:
            self._source.close()
            raise
        return self._source

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._source is not None:
            self._source.close()

    def _check(self, header: Header) -> None:
        if header.channels < 1 or header.channels > self._rules.max_channels:
            raise CannotMeasure(Trouble.TOO_MANY_CHANNELS, str(header.channels))
        if header.sample_rate < 4000 or header.sample_rate > self._rules.max_sample_rate:
            raise CannotMeasure(Trouble.SAMPLE_RATE, str(header.sample_rate))
        if header.frames > self._rules.max_duration_s * header.sample_rate and not header.is_lossy:
            raise CannotMeasure(Trouble.TOO_LONG, str(header.frames // header.sample_rate))


class _SoundfileSource:
    def __init__(self, path: Path) -> None:
        try:
            # Opened by descriptor: libsndfile's own opening on Windows and odd names differs.
            self._file = soundfile.SoundFile(str(path))
        except soundfile.LibsndfileError as error:
            raise CannotMeasure(Trouble.NOT_AUDIO, str(error.code)) from None
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise CannotMeasure(Trouble.NOT_AUDIO, type(error).__name__) from None
        subtype = self._file.subtype
        if subtype in _INT16:
            self._dtype, self.scale = "int16", 2.0**-15
        elif subtype in _INT32:
            self._dtype, self.scale = "int32", 2.0**-31
        else:
            self._dtype, self.scale = "float32", 1.0
        self.header = Header(
            sample_rate=self._file.samplerate,
            channels=self._file.channels,
            frames=self._file.frames,
            codec=_CODEC.get(subtype, "PCM" if subtype.startswith("PCM") else subtype.replace("_", " ").title()),
            bit_depth=_BITS.get(subtype),
            is_lossy=subtype in ("VORBIS", "OPUS", "MPEG_LAYER_III", "MPEG_LAYER_II", "MPEG_LAYER_I"),
        )

    def blocks(self, frames: int) -> Iterator[NDArray[np.generic]]:
        while True:
            block = np.empty((frames, self.header.channels), self._dtype)
            try:
                read = self._file.read(out=block)
            except (soundfile.LibsndfileError, RuntimeError, OSError, ValueError, TypeError, AssertionError):
                return  # a damaged tail: what was read until here is what there is
            if len(read) == 0:
                return
            yield block[: len(read)]
            if len(read) < frames:
                return

    def close(self) -> None:
        self._file.close()


class _FfmpegSource:
    """AAC in MP4, decoded by an installed ffmpeg to float samples over a pipe."""

    scale = 1.0

    def __init__(self, path: Path) -> None:
        decoder, prober = shutil.which("ffmpeg"), shutil.which("ffprobe")
        if decoder is None or prober is None:
            raise CannotMeasure(Trouble.NO_DECODER)
        address = "file:" + str(path.resolve())
        fields = "stream=sample_rate,channels,codec_name,duration"
        command = [prober, "-v", "error", "-protocol_whitelist", "file,pipe", "-select_streams", "a:0"]
        try:
            said = subprocess.run(  # noqa: S603 - a fixed program, the file name after "file:"
                [*command, "-show_entries", fields, "-of", "default=noprint_wrappers=1", address],
                capture_output=True,
                timeout=20,
                check=True,
            ).stdout.decode("utf-8", "replace")
            values = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
            rate, channels = int(values["sample_rate"]), int(values["channels"])
        except (subprocess.SubprocessError, OSError, KeyError, ValueError):
            raise CannotMeasure(Trouble.NOT_AUDIO, "mp4") from None
        try:
            duration = float(values.get("duration", "0"))
        except ValueError:
            duration = 0.0
        self.header = Header(rate, channels, int(duration * rate), values["codec_name"].upper(), None, True)
        if not 1 <= channels <= 64:
            raise CannotMeasure(Trouble.TOO_MANY_CHANNELS)
        arguments = [
            "-v",
            "error",
            "-protocol_whitelist",
            "file,pipe",
            "-i",
            address,
            "-map",
            "0:a:0",
            "-f",
            "f32le",
        ]
        self._process = subprocess.Popen(  # noqa: S603
            [decoder, "-nostdin", *arguments, "-acodec", "pcm_f32le", "pipe:1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def blocks(self, frames: int) -> Iterator[NDArray[np.generic]]:
        width, pipe = 4 * self.header.channels, self._process.stdout
        while pipe is not None and (data := pipe.read(frames * width)):
            whole = len(data) // width
            if whole:
                yield np.frombuffer(data[: whole * width], "<f4").reshape(whole, self.header.channels)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
