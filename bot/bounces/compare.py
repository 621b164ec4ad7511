"""What changed between two bounces, and where in time they differ most. Facts only, no verdict."""

import numpy as np

from bot.bounces.levels import Columns
from bot.bounces.model import BandChange, Difference, Facts


def difference(
    old: Facts, new: Facts, old_columns: Columns | None = None, new_columns: Columns | None = None
) -> Difference:
    """Return what changed from `old` to `new`; changes too small to hear or see are left out."""
    bands: list[BandChange] = []
    if old.balance is not None and new.balance is not None:
        for band in ("low", "mid", "high"):
            change = getattr(new.balance, f"{band}_db") - getattr(old.balance, f"{band}_db")
            if abs(change) >= 0.5:
                bands.append(BandChange(band, round(change, 1)))
    shifts: list[tuple[str, float, float]] = []
    if len(old.sections) == len(new.sections):
        for before, after in zip(old.sections[1:], new.sections[1:], strict=True):
            if abs(after.start_s - before.start_s) >= 0.5:
                shifts.append((after.label, before.start_s, after.start_s))
    apart = None
    if old_columns is not None and new_columns is not None:
        apart = most_apart(old_columns, new_columns)
    return Difference(
        _change(old.duration_s, new.duration_s, 0.05),
        _change(old.integrated_lufs, new.integrated_lufs, 0.1),
        _change(old.true_peak_dbtp, new.true_peak_dbtp, 0.1),
        _change(old.plr_db, new.plr_db, 0.2),
        tuple(bands),
        tuple(shifts[:4]),
        apart,
    )


def most_apart(old: Columns, new: Columns, window_s: float = 4.0) -> tuple[float, float] | None:
    """Return the stretch where the loudness-matched envelopes differ most, or None where nothing stands out.

    The overall level is taken out first, so a louder version is not "different everywhere".
    """
    length = max(old.duration_s, new.duration_s)
    if length <= 0:
        return None
    rate = min(50.0, max(2000 / length, 2.0))
    first, second = _envelope(old, length, rate), _envelope(new, length, rate)
    both = (first > -55) & (second > -55)
    offset = float(np.median((second - first)[both])) if both.any() else 0.0
    apart = np.abs(np.maximum(second - offset, -60) - np.maximum(first, -60))
    width = max(1, min(len(apart), round(min(window_s, length / 6) * rate)))
    total = np.concatenate([[0.0], np.cumsum(apart)])
    means = (total[width:] - total[:-width]) / width
    top = int(means.argmax())
    if means[top] < 1.5 or means[top] < 2 * float(np.median(means)) + 0.5:
        return None
    begin, end = top, top + width
    level = means[top] * 0.5
    while begin > 0 and apart[begin - 1] > level:
        begin -= 1
    while end < len(apart) and apart[end] > level:
        end += 1
    return round(begin / rate, 1), round(min(end / rate, length), 1)


def _envelope(columns: Columns, length: float, rate: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    rms = columns.mixed().rms[0].astype(np.float64)
    at = (np.arange(max(1, int(length * rate))) + 0.5) / rate
    index = np.minimum((at / max(columns.duration_s, 1e-6) * len(rms)).astype(np.intp), len(rms) - 1)
    power = np.where(at < columns.duration_s, rms[index], 0.0)
    smooth = np.convolve(power, np.ones(5) / 5, "same")
    return np.asarray(20 * np.log10(np.maximum(smooth, 1e-4)))


def _change(old: float | None, new: float | None, least: float) -> float | None:
    if old is None or new is None or abs(new - old) < least:
        return None
    return round(new - old, 2)
