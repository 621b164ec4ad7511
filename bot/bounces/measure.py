"""One streaming pass over a file: every fact, the columns and the peaks, in memory independent of its length.

A thread reads, decodes and hashes; this one calculates. Blocks go over a short queue, so neither waits for
long and
at most a few blocks exist at a time.
"""

import hashlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.bounces import levels, sections
from bot.bounces.levels import Columns
from bot.bounces.loudness import KEnergy, block_size, channel_weights, loudness
from bot.bounces.model import Facts, Note, Trouble
from bot.bounces.peaks import peaks_bytes
from bot.bounces.source import Source, open_source
from bot.bounces.spectrum import HOP_BINS, SpectrumMeter, balance, key
from bot.bounces.tags import read_tags
from bot.bounces.tempo import beat_phase_s, tempo
from bot.bounces.trouble import CannotMeasure, trouble_of
from bot.bounces.truepeak import TruePeak

if TYPE_CHECKING:
    from bot.bounces.rules import BounceRules

F32 = NDArray[np.float32]
Progress = Callable[[float], None]

_CHUNK_FRAMES = 88_200
_FINE_S = 45.0
_LOUDEST = 64.0  # +36 dBFS: float files beyond it are broken, not loud


@dataclass(frozen=True, slots=True)
class Measurement:
    facts: Facts
    columns: Columns
    peaks: bytes


def measure(
    path: Path, rules: "BounceRules", *, progress: Progress | None = None, bins_per_chunk: int | None = None
) -> Measurement:
    """Measure `path` in one pass. `progress` gets 0..1 now and then. Raises CannotMeasure."""
    with open_source(path, rules) as source:
        run = _Pass(source, rules, bins_per_chunk)
        try:
            for block in _read_ahead(source, path, run):
                run.take(block)
                if progress is not None and source.header.frames > 0:
                    progress(min(1.0, run.frames / source.header.frames))
        except OSError as error:
            raise CannotMeasure(trouble_of(error)) from None
        return run.result(path)


def _read_ahead(source: Source, path: Path, run: "_Pass") -> Iterator[NDArray[np.generic]]:
    """Yield blocks read by a thread, which also hashes the samples and, at the end, the file."""
    waiting: queue.Queue[NDArray[np.generic] | BaseException | None] = queue.Queue(3)
    stop = threading.Event()

    def put(item: NDArray[np.generic] | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for block in source.blocks(run.chunk):
                run.samples_hash.update(block.data if block.flags.c_contiguous else block.tobytes())
                if not put(block):
                    return
            with path.open("rb") as file:
                while (data := file.read(1 << 20)) and not stop.is_set():
                    run.file_hash.update(data)
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that asked
            put(error)
        else:
            put(None)

    reader = threading.Thread(target=read, name="bounce-reader", daemon=True)
    reader.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        reader.join(10)


class _Pass:
    """All state that is carried from chunk to chunk."""

    def __init__(self, source: Source, rules: "BounceRules", bins_per_chunk: int | None) -> None:
        header = source.header
        self._header, self._rules, self._scale = header, rules, np.float32(source.scale)
        self._channels = header.channels
        self._bin, self._block = block_size(header.sample_rate)
        wanted = bins_per_chunk or round(_CHUNK_FRAMES / self._bin)
        self._bins = max(HOP_BINS, round(wanted / HOP_BINS) * HOP_BINS)
        self.chunk = self._bins * self._bin
        self._pad = 2 * self._bin
        self._buffer = np.zeros((self._channels, self._pad + self.chunk), np.float32)
        self._mono = np.zeros(self._pad + self.chunk, np.float32)
        self._filled = 0
        self.frames = 0
        kind = f"{header.sample_rate}:{self._channels}:"
        self.samples_hash = hashlib.sha256(kind.encode())
        self.file_hash = hashlib.sha256()
        self._k_energy = KEnergy(header.sample_rate, self._channels, self._bin, self._block)
        self._true_peak = TruePeak(header.sample_rate, self._bin)
        self._spectrum = SpectrumMeter(header.sample_rate, self._bin)
        self._clips = levels.ClipCounter(self._channels, rules.clip_run)
        integer = source.scale != 1.0
        step = {8: 2.0**-7, 16: 2.0**-15, 24: 2.0**-23, 32: 2.0**-31}.get(header.bit_depth or 0, 2.0**-15)
        self._ceiling = 1.0 - step if integer else 1.0
        self._last_peaks = np.zeros((self._channels, 1), np.float32)
        self._low: list[F32] = []
        self._high: list[F32] = []
        self._energy: list[F32] = []
        self._k: list[F32] = []
        self._fine: list[tuple[F32, F32, F32]] | None = []
        self._sum = np.zeros(self._channels)
        self._cross = 0.0
        self._not_finite = False

    def take(self, block: NDArray[np.generic]) -> None:
        """Take a block (frames, channels) of any length up to the chunk."""
        at = 0
        while at < len(block):
            room = self.chunk - self._filled
            part = block[at : at + room]
            begin = self._pad + self._filled
            target = self._buffer[:, begin : begin + len(part)]
            target[:] = part.T
            if self._scale != 1:
                target *= self._scale
            self._filled += len(part)
            self.frames += len(part)
            at += len(part)
            if self.frames > self._rules.max_duration_s * self._header.sample_rate:
                raise CannotMeasure(Trouble.TOO_LONG)
            if self._filled == self.chunk:
                self._calculate()

    def _calculate(self) -> None:
        valid, self._filled = self._filled, 0
        buffer, pad, width = self._buffer, self._pad, self._bin
        planar = buffer[:, pad:]
        if valid < self.chunk:
            planar[:, valid:] = 0.0
        bins = planar.reshape(self._channels, -1, width) if planar.flags.c_contiguous else None
        if bins is None:
            planar = np.ascontiguousarray(planar)
            bins = planar.reshape(self._channels, -1, width)
        low, high = bins.min(axis=2), bins.max(axis=2)
        extreme = max(float(high.max()), -float(low.min()))
        if not extreme <= _LOUDEST:  # also true for NaN
            self._not_finite = True
            np.nan_to_num(buffer, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
            np.clip(buffer, -_LOUDEST, _LOUDEST, out=buffer)
            planar = np.ascontiguousarray(buffer[:, pad:])
            bins = planar.reshape(self._channels, -1, width)
            low, high = bins.min(axis=2), bins.max(axis=2)
            extreme = max(float(high.max()), -float(low.min()))
        energy = np.vecdot(bins, bins)
        self._low.append(low)
        self._high.append(high)
        self._energy.append(energy)
        self._k.append(self._k_energy.feed(planar))
        self._keep_fine(planar)
        peaks = np.concatenate([self._last_peaks, np.maximum(high, -low)], axis=1)
        self._true_peak.feed(buffer, pad, width, peaks)
        self._last_peaks = peaks[:, -1:]
        if extreme >= self._ceiling:
            at = self.frames - valid
            self._clips.feed(planar[:, :valid], self._ceiling, -1.0, at)
        else:
            self._clips.clear()
        self._sum += bins.sum(axis=(1, 2), dtype=np.float64) if self._channels > 2 else planar.sum(axis=1)
        mono = self._mono
        mono[:pad] = mono[-pad:]
        self._mix(planar, mono[pad:])
        self._spectrum.feed(mono, pad)
        buffer[:, :pad] = buffer[:, -pad:]

    def _mix(self, planar: F32, out: F32) -> None:
        """Mix to one channel; where left and right cancel, their difference is heard instead."""
        if self._channels == 1:
            out[:] = planar[0]
            return
        if self._channels == 2:
            cross = float(planar[0] @ planar[1])
            self._cross += cross
            (np.subtract if cross < 0 else np.add)(planar[0], planar[1], out=out)
            out *= np.float32(0.5)
            return
        planar.mean(axis=0, out=out)

    def _keep_fine(self, planar: F32) -> None:
        """Keep bins of about a millisecond for short files, whose columns are finer than 10 ms."""
        if self._fine is None:
            return
        if self.frames > _FINE_S * self._header.sample_rate:
            self._fine = None
            return
        fine = planar.reshape(self._channels, -1, self._block)
        self._fine.append((fine.min(axis=2), fine.max(axis=2), np.vecdot(fine, fine)))

    def result(self, path: Path) -> Measurement:
        """Return everything once all blocks were taken."""
        if self._filled:
            self._calculate()
        if self.frames == 0:
            raise CannotMeasure(Trouble.NO_SAMPLES)
        # The filter's tail after the last sample.
        flush = np.zeros((self._channels, self._pad + self._bin), np.float32)
        flush[:, : self._pad] = self._buffer[:, : self._pad]
        ended = np.concatenate([self._last_peaks, np.zeros_like(self._last_peaks)], axis=1)
        self._true_peak.feed(flush, self._pad, self._bin, ended)
        header, rules, rate = self._header, self._rules, self._header.sample_rate
        count = -(-self.frames // self._bin)
        low, high = (
            np.concatenate(self._low, axis=1)[:, :count],
            np.concatenate(self._high, axis=1)[:, :count],
        )
        energy = np.concatenate(self._energy, axis=1)[:, :count]
        duration_s = self.frames / rate
        heard = loudness(
            np.concatenate(self._k, axis=1),
            channel_weights(self._channels),
            self._bin,
            rate,
            self.frames // self._bin,
        )
        peak = max(float(high.max()), -float(low.min()))
        totals = energy.sum(axis=1, dtype=np.float64)
        rms = float(np.sqrt(totals.sum() / (self.frames * self._channels)))
        spectra = self._spectrum.result(count)
        beat = tempo(spectra.onset, spectra.bin_hz, rules.tempo_confidence)
        material = sections.material(spectra)
        times = sections.boundaries(material, duration_s, rules.min_section_s, rules.max_sections)
        if beat is not None and beat.confidence > 0.6:
            times = sections.snap(times, beat.bpm, beat_phase_s(spectra.onset, spectra.bin_hz, beat.bpm))
        stat_size = path.stat().st_size
        true_peak, sample_peak = levels.db(self._true_peak.peak), levels.db(peak)
        facts = Facts(
            duration_s=round(duration_s, 3),
            frames=self.frames,
            sample_rate=rate,
            channels=self._channels,
            bit_depth=header.bit_depth,
            codec=header.codec,
            size_bytes=stat_size,
            content_hash=self.samples_hash.hexdigest(),
            file_hash=self.file_hash.hexdigest(),
            sample_peak_dbfs=sample_peak,
            true_peak_dbtp=true_peak,
            integrated_lufs=_round(heard.integrated_lufs),
            momentary_max_lufs=_round(heard.momentary_max_lufs),
            short_term_max_lufs=_round(heard.short_term_max_lufs),
            loudness_range_lu=_round(heard.range_lu),
            rms_dbfs=levels.db(rms),
            plr_db=_difference(true_peak, heard.integrated_lufs),
            crest_db=_difference(sample_peak, levels.db(rms)),
            loudest_at_s=_round(heard.loudest_at_s),
            clipping=self._clips.result(rate),
            stereo=levels.stereo(totals, self._cross, self.frames),
            dc_offset=tuple(round(float(value) / self.frames, 6) for value in self._sum),
            silence=levels.silence(np.maximum(high, -low).max(axis=0), self._bin / rate, duration_s, rules),
            balance=balance(spectra),
            tempo=beat,
            key=key(spectra, rules.key_confidence),
            sections=sections.labelled(material, times, duration_s),
            tags=read_tags(path),
            notes=self._notes(peak),
        )
        return Measurement(facts, self._columns(low, high, energy, duration_s), self._peaks(low, high))

    def _columns(self, low: F32, high: F32, energy: F32, duration_s: float) -> Columns:
        width = self._bin
        if self._fine:
            width, count = self._block, -(-self.frames // self._block)
            low, high, energy = (
                np.concatenate([part[index] for part in self._fine], axis=1)[:, :count] for index in range(3)
            )
        return levels.columns(low, high, energy, width, self.frames, self._rules.columns, duration_s)

    def _peaks(self, low: F32, high: F32) -> bytes:
        return peaks_bytes(low, high, self._header.sample_rate, self._bin)

    def _notes(self, peak: float) -> tuple[Note, ...]:
        notes: list[Note] = []
        claimed = self._header.frames
        if not self._header.is_lossy and 0 < self.frames < claimed:
            notes.append(Note.SHORTER_THAN_HEADER)
        if self._not_finite:
            notes.append(Note.NOT_FINITE)
        if peak <= 10 ** (self._rules.silence_dbfs / 20):
            notes.append(Note.SILENT)
        return tuple(notes)


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _difference(above: float | None, below: float | None) -> float | None:
    return None if above is None or below is None else round(above - below, 2)
