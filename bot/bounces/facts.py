"""Facts as words: string keys with their parts. Facts and comparisons, never scores.

The catalogue turns a `Said` into a sentence in somebody's language; pictures and cards use the same ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.bounces.model import Difference, Facts, Note, Tempo

_NOTES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


@dataclass(frozen=True, slots=True)
class Said:
    """A string key with named parts; numbers in the parts are finished text."""

    key: str
    parts: Mapping[str, object] = field(default_factory=dict)


def said(key: str, **parts: object) -> Said:
    return Said(key, parts)


def number(value: float, places: int = 1, *, sign: bool = False) -> str:
    """Return a number with a real minus sign.

    >>> number(-9.84), number(0.4, sign=True), number(-0.01)
    ('−9.8', '+0.4', '0.0')
    """
    text = f"{value:+.{places}f}" if sign else f"{value:.{places}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−")


def clock(seconds: float) -> str:
    """Return m:ss, or h:mm:ss from one hour; tenths below ten seconds.

    >>> clock(197.2), clock(3725), clock(4.25)
    ('3:17', '1:02:05', '0:04.2')
    """
    if seconds < 9.95:
        return f"0:0{int(seconds * 10 + 1e-6) / 10:.1f}"
    whole = int(seconds + 0.5)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def whole_clock(seconds: float) -> str:
    """Return m:ss without tenths."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def size(size_bytes: int) -> str:
    """Return a file size as people read it.

    >>> size(37_044_044), size(900)
    ('37 MB', '900 B')
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= scale:
            value = size_bytes / scale
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{size_bytes} B"


def rate(sample_rate: int) -> str:
    """Return a sample rate in kHz.

    >>> rate(44100), rate(96000)
    ('44.1 kHz', '96 kHz')
    """
    return f"{sample_rate / 1000:g} kHz"


def length(facts: Facts) -> Said:
    return said("bounce.fact.length", length=clock(facts.duration_s))


def container(facts: Facts) -> Said:
    """Sample rate, depth or codec, channels."""
    depth = f"{facts.bit_depth} bit" if facts.bit_depth is not None else facts.codec
    if facts.codec == "float" and facts.bit_depth is not None:
        depth = f"{facts.bit_depth} bit float"
    names = {1: "mono", 2: "stereo"}
    channels = f"bounce.channels.{names.get(facts.channels, 'many')}"
    return said(
        "bounce.fact.container",
        rate=rate(facts.sample_rate),
        depth=depth,
        channels=said(channels, count=facts.channels),
    )


def peak(facts: Facts) -> Said:
    if facts.true_peak_dbtp is None or facts.sample_peak_dbfs is None:
        return said("bounce.fact.silent")
    parts = {"peak": number(facts.sample_peak_dbfs, 1, sign=True), "true": number(facts.true_peak_dbtp, 1, sign=True)}
    return Said("bounce.fact.peak_over" if facts.true_peak_dbtp > 0 else "bounce.fact.peak", parts)


def loudness(facts: Facts) -> Said:
    if facts.integrated_lufs is None:
        return said("bounce.fact.no_loudness")
    if facts.loudness_range_lu is None:
        return said("bounce.fact.loudness", lufs=number(facts.integrated_lufs))
    return said("bounce.fact.loudness_range", lufs=number(facts.integrated_lufs), range=number(facts.loudness_range_lu))


def tempo(found: Tempo) -> Said:
    if found.other_bpm is None:
        return said("bounce.fact.tempo", bpm=f"{found.bpm:g}")
    return said("bounce.fact.tempo_or", bpm=f"{found.bpm:g}", other=f"{found.other_bpm:g}")


def against_target(lufs: float, target_lufs: float) -> Said:
    """Say how far a loudness is from what somebody aims at."""
    apart = number(abs(lufs - target_lufs))
    if apart == "0.0":
        return said("bounce.fact.on_target")
    return said("bounce.fact.above_target" if lufs > target_lufs else "bounce.fact.below_target", amount=apart)


def key_name(facts: Facts) -> Said | None:
    if facts.key is None:
        return None
    mode = "bounce.key.minor" if facts.key.minor else "bounce.key.major"
    return said(mode, tonic=_NOTES[facts.key.tonic])


def picture_facts(facts: Facts) -> list[Said]:
    """Return the short line of a picture: what can be read when it is as wide as a phone."""
    out = [length(facts)]
    if facts.integrated_lufs is not None:
        out.append(said("bounce.short.loudness", lufs=number(facts.integrated_lufs)))
    if facts.true_peak_dbtp is not None:
        out.append(said("bounce.short.peak", true=number(facts.true_peak_dbtp, sign=True)))
    if facts.tempo is not None:
        out.append(said("bounce.short.tempo", bpm=f"{facts.tempo.bpm:g}"))
    return out


def warnings(facts: Facts) -> list[Said]:
    """Return what somebody may want to look at: at most the four weightiest, each a fact."""
    out: list[Said] = [said(f"bounce.note.{note}") for note in facts.notes if note is not Note.SILENT]
    if facts.clipping.runs:
        places = ", ".join(whole_clock(at) for at in facts.clipping.places_s)
        out.append(said("bounce.warning.clipping", count=facts.clipping.runs, places=places))
    stereo = facts.stereo
    if stereo is not None and facts.channels == 2:
        if stereo.silent_channels:
            out.append(said("bounce.warning.silent_channel", side=_side(stereo.silent_channels[0])))
        elif stereo.correlation < -0.2 or stereo.mono_loss_db < -6:
            out.append(said("bounce.warning.mono", loss=number(-stereo.mono_loss_db)))
        elif stereo.one_sided:
            out.append(said("bounce.warning.one_sided"))
    if any(abs(offset) > 0.003 for offset in facts.dc_offset):
        worst = max(facts.dc_offset, key=abs)
        out.append(said("bounce.warning.dc", percent=number(worst * 100, 1, sign=True)))
    silence = facts.silence
    if facts.true_peak_dbtp is not None:
        if silence.head_s >= 1.0:
            out.append(said("bounce.warning.head", length=clock(silence.head_s)))
        if silence.tail_s >= 3.0:
            out.append(said("bounce.warning.tail", length=clock(silence.tail_s)))
        if silence.gaps_s:
            out.append(said("bounce.warning.gaps", count=len(silence.gaps_s), place=whole_clock(silence.gaps_s[0][0])))
    return out


def all_facts(facts: Facts) -> list[Said]:
    """Return every fact, a line each: the picture's twin for those who read."""
    out = [length(facts), container(facts), said("bounce.fact.size", size=size(facts.size_bytes)), peak(facts)]
    out.append(loudness(facts))
    if facts.momentary_max_lufs is not None and facts.short_term_max_lufs is not None:
        out.append(
            said(
                "bounce.fact.maxima",
                momentary=number(facts.momentary_max_lufs),
                short=number(facts.short_term_max_lufs),
            )
        )
    if facts.plr_db is not None and facts.crest_db is not None:
        out.append(said("bounce.fact.dynamics", plr=number(facts.plr_db), crest=number(facts.crest_db)))
    if facts.stereo is not None and facts.channels == 2:
        out.append(said("bounce.fact.stereo", correlation=number(facts.stereo.correlation, 2, sign=True)))
    if facts.balance is not None:
        balance = facts.balance
        out.append(
            said(
                "bounce.fact.balance",
                low=number(balance.low_db),
                mid=number(balance.mid_db),
                high=number(balance.high_db),
            )
        )
    if facts.tempo is not None:
        out.append(tempo(facts.tempo))
    named = key_name(facts)
    if named is not None:
        out.append(said("bounce.fact.key", name=named))
    if facts.sections:
        out.append(said("bounce.fact.sections", sections=section_text(facts)))
    return out + warnings(facts)


def section_text(facts: Facts) -> str:
    return ", ".join(f"{section.label} {whole_clock(section.start_s)}" for section in facts.sections)


def alt_text(facts: Facts, *, stretches: Iterable[str] = ()) -> Said:
    """Return what the picture shows, from the same data, the main thing first."""
    parts: dict[str, object] = {"length": clock(facts.duration_s)}
    pieces: list[Said] = []
    if facts.true_peak_dbtp is None:
        pieces.append(said("bounce.alt.silent"))
    elif facts.loudest_at_s is not None and facts.duration_s >= 10:
        pieces.append(said("bounce.alt.loudest", at=whole_clock(facts.loudest_at_s)))
    if facts.silence.head_s >= 1 and facts.true_peak_dbtp is not None:
        pieces.append(said("bounce.alt.quiet_intro", to=whole_clock(facts.silence.head_s)))
    if facts.clipping.runs:
        pieces.append(said("bounce.alt.clipping", count=facts.clipping.runs))
    named = list(stretches)
    if named:
        pieces.append(said("bounce.alt.form", sections=", ".join(named)))
    elif facts.sections:
        pieces.append(said("bounce.alt.sections", sections=" ".join(section.label for section in facts.sections)))
    parts["pieces"] = tuple(pieces)
    return Said("bounce.alt.waveform", parts)


def changes(difference: Difference, since: str) -> list[Said]:
    """Return what changed since the version called `since`."""
    out: list[Said] = []
    if difference.loudness_lu is not None:
        key = "louder" if difference.loudness_lu > 0 else "quieter"
        out.append(said(f"bounce.change.{key}", amount=number(abs(difference.loudness_lu)), version=since))
    if difference.true_peak_db is not None:
        out.append(said("bounce.change.true_peak", amount=number(difference.true_peak_db, sign=True)))
    if difference.length_s is not None:
        key = "longer" if difference.length_s > 0 else "shorter"
        out.append(said(f"bounce.change.{key}", length=clock(abs(difference.length_s))))
    if difference.dynamics_db is not None:
        key = "more_dynamic" if difference.dynamics_db > 0 else "less_dynamic"
        out.append(said(f"bounce.change.{key}", amount=number(abs(difference.dynamics_db))))
    out.extend(
        said(f"bounce.change.band_{band.band}", amount=number(band.change_db, sign=True)) for band in difference.bands
    )
    for label, before, after in difference.sections:
        out.append(said("bounce.change.section", label=label, before=whole_clock(before), after=whole_clock(after)))
    if difference.apart_s is not None:
        out.append(
            said(
                "bounce.change.apart", start=whole_clock(difference.apart_s[0]), end=whole_clock(difference.apart_s[1])
            )
        )
    return out


def _side(channel: int) -> Said:
    return said("bounce.side.left" if channel == 0 else "bounce.side.right")
