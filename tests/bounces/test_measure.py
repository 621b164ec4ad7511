"""One pass: the same result however it is cut, stored or ordered; odd material; small files beside the bounce."""

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bot.bounces.compare import difference, most_apart
from bot.bounces.facts import changes
from bot.bounces.levels import Columns
from bot.bounces.measure import Measurement, measure
from bot.bounces.model import Facts, Note, Section, Trouble
from bot.bounces.peaks import columns_bytes, read_columns, read_peaks
from bot.bounces.picture import Span, WaveView, waveform_png
from bot.bounces.rules import bounce_rules
from bot.bounces.trouble import CannotMeasure
from tests.bounces.signals import both, measured, music, save, sine

RULES = bounce_rules()
PIECE = np.round(music(7.3, seed=4) * 32767).astype(np.int16) / 32768


@pytest.fixture(scope="module")
def piece(tmp_path_factory: pytest.TempPathFactory) -> Path:
    exact = (PIECE * 32768).astype(np.int16)
    return save(tmp_path_factory.mktemp("piece") / "piece.wav", exact, 44100, "PCM_16")


def about(facts: Facts) -> dict[str, object]:
    """Levels to a hundredth, everything else exactly."""
    return {
        name: round(value, 2) if isinstance(value, float) else value
        for name, value in facts.to_dict().items()
        if name not in ("file_hash", "size_bytes", "codec", "tags", "bit_depth")
    }


@pytest.fixture(scope="module")
def whole(piece: Path) -> Measurement:
    return measure(piece, RULES)


@given(st.integers(1, 300))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_block_size_changes_nothing(piece: Path, whole: Measurement, bins: int) -> None:
    cut = measure(piece, RULES, bins_per_chunk=bins)
    assert cut.facts.content_hash == whole.facts.content_hash
    for name in ("integrated_lufs", "true_peak_dbtp", "sample_peak_dbfs", "loudness_range_lu", "short_term_max_lufs"):
        assert getattr(cut.facts, name) == pytest.approx(getattr(whole.facts, name), abs=0.011)
    assert cut.facts.clipping == whole.facts.clipping
    assert np.allclose(cut.columns.rms, whole.columns.rms, atol=1e-4)
    assert np.array_equal(cut.columns.low, whole.columns.low)
    assert cut.peaks == whole.peaks


@pytest.mark.parametrize("name", ["a.aiff", "a.flac", "a.w64", "a.rf64", "a.aif"])
def test_the_same_samples_in_another_format_are_the_same_bounce(name: str, whole: Measurement, tmp_path: Path) -> None:
    container = {"w64": "W64", "rf64": "RF64", "aif": "AIFF"}.get(name.split(".")[1])
    # Written as integers: how floats are rounded is the encoder's own business.
    exact = (PIECE * 32768).astype(np.int16)
    other = save(tmp_path / name, exact, 44100, "PCM_16", container)
    assert about(measure(other, RULES).facts) == about(whole.facts)


def test_swapping_left_and_right_keeps_every_level(tmp_path: Path) -> None:
    first = measured(tmp_path / "a.wav", PIECE, 44100).facts
    second = measured(tmp_path / "b.wav", PIECE[:, ::-1], 44100).facts
    assert first.content_hash != second.content_hash
    names = ("integrated_lufs", "true_peak_dbtp", "rms_dbfs", "loudness_range_lu", "stereo", "balance", "tempo", "key")
    assert [getattr(first, name) for name in names] == [getattr(second, name) for name in names]


@given(st.floats(-30, -1))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_turning_down_moves_loudness_by_as_much(whole: Measurement, tmp_path: Path, gain_db: float) -> None:
    plain = whole.facts
    quiet = measured(tmp_path / "b.wav", PIECE * 10 ** (gain_db / 20), 44100, "FLOAT").facts
    assert plain.integrated_lufs is not None
    assert quiet.integrated_lufs == pytest.approx(plain.integrated_lufs + gain_db, abs=0.02)
    assert quiet.true_peak_dbtp == pytest.approx((plain.true_peak_dbtp or 0) + gain_db, abs=0.02)
    assert quiet.loudness_range_lu == pytest.approx(plain.loudness_range_lu, abs=0.3)


def test_silence_has_no_levels_instead_of_minus_infinity(tmp_path: Path) -> None:
    facts = measured(tmp_path / "silence.wav", np.zeros((44100 * 3, 2)), 44100).facts
    assert (facts.integrated_lufs, facts.true_peak_dbtp, facts.sample_peak_dbfs, facts.rms_dbfs) == (None,) * 4
    assert (facts.plr_db, facts.tempo, facts.key, facts.balance, facts.stereo) == (None,) * 5
    assert facts.notes == (Note.SILENT,)
    assert facts.silence.head_s == pytest.approx(3.0)


def test_clipping_is_counted_and_placed(tmp_path: Path) -> None:
    samples = both(sine(440, -6, 5, 44100))
    for at in (1.0, 2.5, 4.0):
        samples[round(at * 44100) : round(at * 44100) + 5] = 1.0
    samples[round(3.2 * 44100) : round(3.2 * 44100) + 2] = 1.0
    facts = measured(tmp_path / "clip.wav", samples, 44100, "PCM_16").facts
    assert facts.clipping.runs == 6
    assert facts.clipping.places_s == (1.0, 2.5, 4.0)


def test_a_clip_across_two_blocks_counts_once(tmp_path: Path) -> None:
    samples = sine(440, -6, 3, 44100)
    edge = 441 * 10 * 5
    samples[edge - 2 : edge + 2] = 1.0
    path = save(tmp_path / "edge.wav", samples, 44100, "PCM_16")
    assert measure(path, RULES, bins_per_chunk=10).facts.clipping.runs == 1


def test_silence_offset_and_stereo_faults_are_told(tmp_path: Path) -> None:
    tone = sine(440, -12, 3, 44100)
    gap = np.zeros(44100 * 3)
    left = np.concatenate([np.zeros(44100), tone, gap, tone, np.zeros(44100 * 2)])
    facts = measured(tmp_path / "a.wav", np.stack([left + 0.0, left * 0], axis=1), 44100).facts
    assert facts.silence.head_s == pytest.approx(1.0, abs=0.02)
    assert facts.silence.tail_s == pytest.approx(2.0, abs=0.02)
    assert facts.silence.gaps_s[0] == (pytest.approx(4.0, abs=0.03), pytest.approx(7.0, abs=0.03))
    assert facts.stereo is not None
    assert facts.stereo.silent_channels == (1,)
    against = measured(tmp_path / "b.wav", np.stack([tone, -tone], axis=1), 44100).facts
    assert against.stereo is not None
    assert (against.stereo.correlation, against.stereo.mono_loss_db < -60) == (-1.0, True)
    shifted = measured(tmp_path / "c.wav", both(tone * 0.5 + 0.1), 44100).facts
    assert shifted.dc_offset == (pytest.approx(0.1, abs=0.001),) * 2


def test_balance_and_key_of_plain_material(tmp_path: Path) -> None:
    low = measured(tmp_path / "low.wav", both(sine(80, -12, 5, 44100)), 44100).facts
    high = measured(tmp_path / "high.wav", both(sine(9000, -12, 5, 44100)), 44100).facts
    assert low.balance is not None
    assert high.balance is not None
    assert (low.balance.low_db > -0.5, high.balance.high_db > -0.5) == (True, True)
    chords = [(60, 64, 67), (65, 69, 72), (67, 71, 74), (60, 64, 67)] * 3
    parts = [sum(sine(440 * 2 ** ((n - 69) / 12), -18, 2, 22050) for n in chord) for chord in chords]
    facts = measured(tmp_path / "c.wav", np.concatenate([np.asarray(part) for part in parts]), 22050).facts
    assert facts.key is not None
    assert (facts.key.tonic, facts.key.minor) == (0, False)


def test_numbers_that_are_none_are_named_and_count_as_silence(tmp_path: Path) -> None:
    samples = both(sine(440, -12, 2, 44100))
    samples[1000:1010] = np.nan
    samples[2000] = np.inf
    samples[3000] = 1e30
    facts = measured(tmp_path / "odd.wav", samples, 44100, "FLOAT").facts
    assert Note.NOT_FINITE in facts.notes
    assert facts.integrated_lufs is not None
    assert np.isfinite(facts.integrated_lufs)


def test_a_half_written_file_says_so(tmp_path: Path) -> None:
    path = save(tmp_path / "half.wav", PIECE, 44100, "PCM_16")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    facts = measure(path, RULES).facts
    assert facts.frames < len(PIECE)


@pytest.mark.parametrize(
    ("make", "trouble"),
    [
        (lambda path: path.write_bytes(b""), Trouble.EMPTY),
        (lambda path: path.write_text("hello " * 500), Trouble.NOT_AUDIO),
        (lambda path: save(path, np.zeros((100, 64)), 44100, "PCM_16"), Trouble.TOO_MANY_CHANNELS),
        (lambda path: save(path, np.zeros((100, 2)), 384_000, "PCM_16"), Trouble.SAMPLE_RATE),
        (lambda path: None, Trouble.VANISHED),
    ],
)
def test_what_cannot_be_measured_says_why(make, trouble: Trouble, tmp_path: Path) -> None:
    make(tmp_path / "bad.wav")
    with pytest.raises(CannotMeasure) as refused:
        measure(tmp_path / "bad.wav", RULES)
    assert refused.value.trouble is trouble


def test_a_day_long_file_is_refused_by_its_header(tmp_path: Path) -> None:
    path = save(tmp_path / "day.wav", np.zeros((100, 1)), 8000, "PCM_16", "RF64")
    data = bytearray(path.read_bytes())
    frames = 8000 * 3600 * 24
    data[28:36] = (frames * 2).to_bytes(8, "little")
    data[20:28] = (frames * 2 + 200).to_bytes(8, "little")
    path.write_bytes(data)
    with path.open("r+b") as file:
        file.truncate(frames * 2 + 300)
    with pytest.raises(CannotMeasure) as refused:
        measure(path, RULES)
    assert refused.value.trouble is Trouble.TOO_LONG


@pytest.mark.parametrize(("subtype", "name"), [("VORBIS", "a.ogg"), ("MPEG_LAYER_III", "a.mp3"), ("OPUS", "a.opus")])
def test_lossy_formats_measure_about_the_same(subtype: str, name: str, tmp_path: Path) -> None:
    rate = 48000
    samples = music(6, rate)
    plain = measured(tmp_path / "a.wav", samples, rate, "PCM_16").facts
    path = save(tmp_path / name, samples, rate, subtype, "OGG" if name.endswith("opus") else None)
    lossy = measure(path, RULES).facts
    assert lossy.bit_depth is None
    assert lossy.integrated_lufs == pytest.approx(plain.integrated_lufs, abs=0.5)
    assert lossy.duration_s == pytest.approx(6.0, abs=0.1)


@pytest.mark.skipif(__import__("shutil").which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_m4a_is_measured_through_ffmpeg(tmp_path: Path) -> None:
    wav = save(tmp_path / "a.wav", music(4), 44100, "PCM_16")
    command = ["ffmpeg", "-v", "error", "-i", str(wav), "-c:a", "aac", "-b:a", "192k", str(tmp_path / "a.m4a")]
    subprocess.run(command, check=True)
    facts = measure(tmp_path / "a.m4a", RULES).facts
    assert (facts.codec, facts.sample_rate, facts.channels) == ("AAC", 44100, 2)
    assert facts.integrated_lufs == pytest.approx(measure(wav, RULES).facts.integrated_lufs, abs=0.5)


# ------------------------------------------------------------------ small files, comparing


def test_peaks_are_in_audiowaveforms_format(piece: Path) -> None:
    done = measure(piece, RULES)
    peaks = read_peaks(done.peaks)
    assert (peaks.sample_rate, peaks.samples_per_pixel) == (44100, 441)
    assert peaks.low.shape == (2, 730)
    assert abs(int(peaks.high.max()) - round(PIECE.max() * 127)) <= 1


def test_columns_survive_writing(piece: Path) -> None:
    columns = measure(piece, RULES).columns
    again = read_columns(columns_bytes(columns), columns.duration_s)
    assert columns.low.shape == (2, 2000)
    assert np.allclose(again.rms, columns.rms, atol=1e-4)
    assert (columns.rms <= np.maximum(-columns.low, columns.high) + 1e-6).all()


@pytest.mark.parametrize("data", [b"", b"nonsense" * 20, b"\x02\0\0\0" * 10])
def test_foreign_peaks_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="peaks"):
        read_peaks(data)


def odd_columns() -> dict[str, bytes]:
    """Return files that numpy would read, or begin to, and that hold no columns."""

    def saved(values: NDArray[Any], how: Callable[..., None] = np.save) -> bytes:
        buffer = io.BytesIO()
        how(buffer, values)
        return buffer.getvalue()

    good = saved(np.zeros((3, 2, 9), "<i2"))
    return {
        "nothing": b"",
        "an archive of arrays": saved(np.zeros((3, 2, 9), "<i2"), np.savez),
        "objects": saved(np.array([[[{}]]] * 3, object)),
        "no column": saved(np.zeros((3, 2, 0), "<i2")),
        "no channel": saved(np.zeros((3, 0, 9), "<i2")),
        "floats": saved(np.zeros((3, 2, 9), "<f4")),
        "half of it": good[:-2],
        "more than it says": good + b"xx",
        "room for terabytes": good.replace(b"(3, 2, 9), }      ", b"(3, 99, 99999), } "),
        "a deep head": b"\x93NUMPY\x01\x00\x00\x20" + b"-" * 0x1FFF + b"1",
    }


@pytest.mark.parametrize("kind", odd_columns())
def test_foreign_columns_are_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="columns"):
        read_columns(odd_columns()[kind], 3.0)


@pytest.mark.timeout(60)
def test_moments_far_outside_of_a_piece_are_drawn_at_its_ends() -> None:
    flat = np.zeros((1, 9), np.float32)
    far = (-1e15, 1e15)
    view = WaveView(
        Columns(flat, flat, flat, 3.0),
        "Far",
        "v1",
        ("0:03",),
        sections=(Span(*far, "Intro", is_estimated=False),),
        clips_s=far,
        clip_word="clipping",
        gaps_s=(far, (1e15, -1e15)) * 10,
        marks_s=far,
        slices_s=(far,),
    )
    assert waveform_png(view).startswith(b"\x89PNG")


def test_facts_survive_storage(piece: Path) -> None:
    import json

    facts = measure(piece, RULES).facts
    assert Facts.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts


def test_a_comparison_says_what_changed_and_where(tmp_path: Path) -> None:
    old = measured(tmp_path / "a.wav", np.tile(PIECE, (5, 1)) * 0.5, 44100)
    changed = np.tile(PIECE, (5, 1)) * 0.7
    changed[44100 * 14 : 44100 * 20] *= 0.15
    new = measured(tmp_path / "b.wav", changed, 44100)
    found = difference(old.facts, new.facts, old.columns, new.columns)
    assert found.loudness_lu is not None
    assert found.loudness_lu > 1
    assert found.apart_s is not None
    assert found.apart_s[0] == pytest.approx(14, abs=1.5)
    assert found.apart_s[1] == pytest.approx(20, abs=1.5)
    nothing = difference(old.facts, old.facts, old.columns, old.columns)
    assert changes(nothing, "v1") == []


def test_a_louder_version_is_not_different_everywhere(tmp_path: Path) -> None:
    old = measured(tmp_path / "a.wav", PIECE * 0.4, 44100)
    new = measured(tmp_path / "b.wav", PIECE * 0.8, 44100)
    assert most_apart(old.columns, new.columns) is None


def envelope(levels: NDArray[np.float64], duration_s: float) -> Columns:
    rows = levels[None, :].astype(np.float32)
    return Columns(-rows * 1.4, rows * 1.4, rows, duration_s)


@given(st.floats(-12.0, 12.0).filter(lambda gain: abs(gain) >= 4), st.integers(2, 20), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_a_louder_or_quieter_version_with_one_passage_kept_differs_in_that_passage(
    gain_db: float, start_s: int, seed: int
) -> None:
    """The level as a whole is no difference: what did not follow it is, although its samples are the same."""
    levels = 10 ** (np.random.default_rng(seed).uniform(-24, -18, 2000) / 20)
    changed = levels * 10 ** (gain_db / 20)
    kept = slice(start_s * 2000 // 30, (start_s + 6) * 2000 // 30)
    changed[kept] = levels[kept]
    apart = most_apart(envelope(levels, 30.0), envelope(changed, 30.0))
    assert apart == (pytest.approx(start_s, abs=0.3), pytest.approx(start_s + 6, abs=0.3))


@pytest.mark.parametrize("sounds_first", [True, False])
def test_a_version_that_is_silent_for_most_of_its_time_differs_there_and_not_where_it_sounds(
    sounds_first: bool,
) -> None:
    """The level that is taken out is that of what sounds in both."""
    levels = 10 ** (np.random.default_rng(4).uniform(-24, -18, 2000) / 20)
    muted = levels * (np.arange(2000) < 800)
    for _ in range(2):
        versions = (levels, muted) if sounds_first else (muted, levels)
        apart = most_apart(envelope(versions[0], 30.0), envelope(versions[1], 30.0))
        assert apart is None or apart[0] >= 11.5
        muted = muted * 2


def test_silence_against_music_is_no_stretch_of_difference() -> None:
    """Nothing is heard in both, so there is no level to take out, and all of it differs alike."""
    nothing = np.zeros((1, 2000), np.float32)
    silent = Columns(nothing, nothing, nothing, 30.0)
    low, high, rms = (np.full((1, 2000), level, np.float32) for level in (-0.5, 0.5, 0.4))
    steady = Columns(low, high, rms, 30.0)
    assert most_apart(silent, steady) is None
    assert most_apart(silent, silent) is None
    longer = replace(steady, duration_s=40.0)
    assert most_apart(steady, longer) == (pytest.approx(30, abs=0.3), pytest.approx(40, abs=0.3))


def plain_facts(**values: object) -> Facts:
    return replace(Facts(60.0, 1, 44100, 2, 16, "PCM", 1, "", ""), **values)


@pytest.mark.parametrize(
    ("field", "of", "least", "told"),
    [
        ("duration_s", "length_s", 0.05, 60.0),
        ("integrated_lufs", "loudness_lu", 0.1, -14.0),
        ("true_peak_dbtp", "true_peak_db", 0.1, -1.0),
        ("plr_db", "dynamics_db", 0.2, 9.0),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_change_is_told_from_the_least_that_can_be_heard_and_with_its_sign(
    field: str, of: str, least: float, told: float, sign: int
) -> None:
    old = plain_facts(**{field: told})
    for step, expected in ((0.8 * least, None), (1.2 * least, pytest.approx(sign * 1.2 * least, abs=0.005))):
        new = plain_facts(**{field: told + sign * step})
        assert getattr(difference(old, new), of) == expected


@pytest.mark.parametrize("field", ["integrated_lufs", "true_peak_dbtp", "plr_db"])
def test_what_one_of_two_does_not_have_is_no_change(field: str) -> None:
    loud, silent = plain_facts(**{field: -9.0}), plain_facts(**{field: None})
    assert changes(difference(loud, silent), "v1") == []
    assert changes(difference(silent, loud), "v1") == []


# ------------------------------------------------------------------ memory

_MEASURE = """
import sys
from pathlib import Path
from bot.bounces.measure import Measurement, measure
from bot.bounces.rules import bounce_rules
measure(Path(sys.argv[1]), bounce_rules())
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def sparse_wav(path: Path, seconds: int, rate: int) -> Path:
    """A stereo file of silence that takes no room on disk."""
    size = seconds * rate * 4
    head = b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\x01\0\x02\0"
    head += rate.to_bytes(4, "little") + (rate * 4).to_bytes(4, "little") + b"\x04\0\x10\0data"
    with path.open("wb") as file:
        file.write(head + size.to_bytes(4, "little"))
        file.truncate(44 + size)
    return path


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
# What grows with the length are the bins of 10 ms: as many at 8 kHz, in a fifth of the time.
@pytest.mark.parametrize("rate", [8000, pytest.param(44100, marks=pytest.mark.soak)])
def test_an_hour_needs_no_more_memory_than_three_minutes(rate: int, tmp_path: Path) -> None:
    used = []
    for minutes in (3, 60):
        path = sparse_wav(tmp_path / f"{minutes}.wav", minutes * 60, rate)
        done = subprocess.run([sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True)
        used.append(int(done.stdout))
    print(f"3 minutes: {used[0]} MB, 60 minutes: {used[1]} MB")
    assert used[1] <= 160
    assert used[1] - used[0] <= 64


def test_notes_of_facts_can_be_replaced() -> None:
    facts = Facts(1, 1, 1, 1, None, "", 1, "", "")
    assert replace(facts, notes=(Note.HEADER_OPEN,)).notes == (Note.HEADER_OPEN,)


def test_sections_that_begin_elsewhere_are_named_with_both_times_and_only_where_the_form_is_the_same() -> None:
    def of(*starts: float) -> Facts:
        pairs = zip(starts, [*starts[1:], 60.0], "ABCDEFG", strict=False)
        return plain_facts(sections=tuple(Section(start, end, label) for start, end, label in pairs))

    before = of(0, 10, 20, 30)
    assert difference(before, of(0, 10.4, 20.5, 28)).sections == (("C", 20, 20.5), ("D", 30, 28))
    assert difference(before, of(0, 15, 30)).sections == ()
    many = of(0, 5, 10, 15, 20, 25), of(0, 6, 11, 16, 21, 26)
    assert [label for label, *_ in difference(*many).sections] == ["B", "C", "D", "E"], "the first four"
