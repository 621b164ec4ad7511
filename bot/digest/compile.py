"""From a week's data to the view that every rendering is made of. Pure; texts by key."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from bot.digest.clean import attachment_name, base_name, code, markdown, stem
from bot.digest.model import Direction, DoneBounce, IsoWeek, LoopLine, NextStep, StepKind, WeekData
from bot.say.countdown import countdown
from bot.say.dates import day_month, short_day, week_span, weekday
from bot.say.words import Speaks

FINISHED_MOST = 5
LOOPS_MOST = 3
NOTES_MOST = 2
STEPS_MOST = 3
TAGS_MOST = 3
DEADLINE_DAYS = 14
DAYS_BY_NAME = 7


@dataclass(frozen=True, slots=True)
class Picture:
    """A waveform to show: where it is kept, under which name, and what it shows in words."""

    source: str
    file: str
    alt: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line in its two forms: of the file and of the card."""

    file: str
    card: str


@dataclass(frozen=True, slots=True)
class DigestView:
    """The digest in words, part by part in the order of the digest; an empty part is left out.

    `more`: how many finished things are not listed. Names are already cleaned and escaped.
    """

    week: IsoWeek
    title: str
    card_title: str
    headline: Line
    bounces: tuple[Line, ...]
    clips: tuple[str, ...]
    more: int
    extras: tuple[str, ...]
    """Slices, form maps and tags in one card line each."""
    slices: str
    forms: tuple[str, ...]
    tags: str
    motion: tuple[str, ...]
    motion_card: str
    loops: tuple[Line, ...]
    noticed: str
    notes: tuple[str, ...]
    steps: tuple[Line, ...]
    release: str
    proposals: str
    phase: str
    phase_card: str
    footer: str
    card_footer: str
    pictures: tuple[Picture, ...]
    so_far: bool = False
    counts: tuple[int, int, int] = field(default=(0, 0, 0))
    """Bounces, clips and tasks done, as in the data."""


def length_text(seconds: float) -> str:
    """Return m:ss, h:mm:ss from one hour.

    >>> length_text(197.4), length_text(3725)
    ('3:17', '1:02:05')
    """
    whole = int(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def number_text(count: int, words: Speaks) -> str:
    """Return small numbers as words ("two"), others as digits."""
    return words(f"digest.number.{count}") if 1 <= count <= 10 else str(count)


def compile_view(data: WeekData, words: Speaks, *, so_far: bool = False, owner_name: str | None = None) -> DigestView:
    """Turn a window's data into words. `so_far`: on request, titled so. `owner_name`: a copy for others."""
    bounces = distinct(data.bounces)
    shown = bounces[:FINISHED_MOST]
    clips = data.clips[: FINISHED_MOST - len(shown)]
    span = week_span(data.week.monday, words.locale)
    steps = choose_steps(data)
    tasks_done = data.counts.done if data.counts else 0
    return DigestView(
        week=data.week,
        title=words("digest.title_so_far" if so_far else "digest.title", week=span),
        card_title=_card_title(len(bounces), data, words, so_far=so_far, owner_name=owner_name),
        headline=_headline(bounces, data, tasks_done, words),
        bounces=tuple(_bounce(bounce, words) for bounce in shown),
        clips=tuple(markdown(clip.name) for clip in clips),
        more=len(bounces) + len(data.clips) - len(shown) - len(clips),
        extras=_extras(data, words),
        slices=_slices(data, words),
        forms=tuple(
            words("digest.forms.line", name=markdown(form.name), count=form.count) for form in data.forms if form.count
        ),
        tags=_tags(data, words),
        motion=_motion(data, words),
        motion_card=_in_motion(data, words),
        loops=tuple(_loop(loop, words) for loop in data.loops[:LOOPS_MOST]),
        noticed=_noticed(data, words),
        notes=tuple(
            words("digest.noticed.note", text=markdown(note.text, 200), mission=markdown(note.mission))
            for note in data.notes[:NOTES_MOST]
        ),
        steps=tuple(_step(step, number == 0, data.cut.date(), words) for number, step in enumerate(steps)),
        release=_release(data, words),
        proposals=words("digest.proposals.line", count=data.proposals) if data.proposals else "",
        phase=_phase(data, words, "digest.phase"),
        phase_card=_phase(data, words, "digest.phase.card"),
        footer=words(
            "digest.footer",
            week=data.week.week,
            cut=f"{day_month(data.cut.date(), words.locale)} {data.cut:%H:%M}",
        ),
        card_footer=words("digest.card.footer_public" if owner_name else "digest.card.footer", week=data.week.week),
        pictures=tuple(picture for bounce in bounces if (picture := _picture(bounce, words))),
        so_far=so_far,
        counts=(len(bounces), len(data.clips), tasks_done),
    )


def distinct(bounces: Sequence[DoneBounce]) -> tuple[DoneBounce, ...]:
    """Return each content once, in order of time."""
    seen: dict[str, DoneBounce] = {}
    for bounce in sorted(bounces, key=lambda b: (b.at, b.id)):
        seen.setdefault(bounce.content_hash or bounce.id, bounce)
    return tuple(seen.values())


def choose_steps(data: WeekData) -> tuple[NextStep, ...]:
    """Return the next three: near hard deadlines, next actions, the top task, a rest; shown by date.

    Duplicates by clip or task are left out.
    """
    today = data.cut.date()
    candidates = [
        *sorted(
            (
                step
                for step in data.steps
                if step.kind is StepKind.DEADLINE and step.day and 0 <= (step.day - today).days <= DEADLINE_DAYS
            ),
            key=lambda step: (step.day, step.title),
        ),
        *(step for step in data.steps if step.kind is StepKind.ACTION),
        *[step for step in data.steps if step.kind is StepKind.TASK][:1],
        *[step for step in data.steps if step.kind is StepKind.REST][:1],
    ]
    # One place is kept for a rest, so that deadlines and actions never fill the week.
    rest = [step for step in candidates if step.kind is StepKind.REST]
    room = STEPS_MOST - len(rest)
    chosen: dict[str, NextStep] = {}
    for step in candidates:
        if step.kind is not StepKind.REST and len(chosen) < room:
            chosen.setdefault(step.ref, step)
    dated = sorted(chosen.values(), key=lambda step: (step.day is None, step.day or today))
    return (*dated, *rest)


# ------------------------------------------------------------------ parts


def _card_title(bounces: int, data: WeekData, words: Speaks, *, so_far: bool, owner_name: str | None) -> str:
    parts: list[str] = []
    if bounces:
        parts.append(words("digest.card.bounces", count=bounces))
    elif data.clips:
        parts.append(words("digest.card.clips", count=len(data.clips)))
    if data.counts and data.counts.planned:
        parts.append(words("digest.card.tasks", done=data.counts.done, planned=data.counts.planned))
    what = ", ".join(parts) or words("digest.card.nothing")
    if owner_name is not None:
        return words("digest.card.title_public", name=markdown(owner_name), what=what)
    return words("digest.card.title_so_far" if so_far else "digest.card.title", what=what)


def _headline(bounces: Sequence[DoneBounce], data: WeekData, tasks_done: int, words: Speaks) -> Line:
    if bounces:
        count = len(bounces)
        text = words("digest.headline.bounces", count=count, number=number_text(count, words))
    elif data.clips:
        count = len(data.clips)
        text = words("digest.headline.clips", count=count, number=number_text(count, words))
    elif tasks_done:
        text = words("digest.headline.tasks", count=tasks_done, number=number_text(tasks_done, words))
    elif data.has_activity:
        text = words("digest.headline.moving")
    else:
        return Line(words("digest.headline.nothing"), words("digest.headline.nothing"))
    text = text[0].upper() + text[1:]
    rising = _rising(data)
    if rising is None:
        return Line(words("digest.headline.plain", what=text), words("digest.headline.plain", what=text))
    name = markdown(rising.name)
    return Line(
        words("digest.headline.and_moving", what=text, loop=f"*{name}*"),
        words("digest.headline.and_moving", what=text, loop=f"**{name}**"),
    )


def _moved(loop: LoopLine) -> float:
    return loop.score - (loop.score_before or 0)


def _rising(data: WeekData) -> LoopLine | None:
    """Return the loop with the largest real rise: the headline names it."""
    rising = [loop for loop in data.loops if loop.change_is_real and _moved(loop) > 0]
    return max(rising, key=_moved, default=None)


def _bounce(bounce: DoneBounce, words: Speaks) -> Line:
    length = length_text(bounce.duration_s)
    return Line(
        words(
            "digest.finished.bounce",
            file=code(bounce.file_name),
            length=length,
            day=weekday(bounce.at.date(), words.locale),
        ),
        words("digest.finished.card", title=markdown(bounce.title or stem(bounce.file_name)), length=length),
    )


def _picture(bounce: DoneBounce, words: Speaks) -> Picture | None:
    if not bounce.picture:
        return None
    length = length_text(bounce.duration_s)
    if bounce.loudest_s is None:
        alt = words("digest.waveform.plain", length=length)
    else:
        alt = words("digest.waveform.loudest", length=length, at=length_text(bounce.loudest_s))
    return Picture(bounce.picture, attachment_name(bounce.file_name), alt)


def _slices(data: WeekData, words: Speaks) -> str:
    total = sum(s.count for s in data.slices)
    if not total:
        return ""
    top = max(data.slices, key=lambda s: (s.count, s.file_name))
    return words("digest.slices.line", count=total, top=top.count, file=code(top.file_name))


def _tags(data: WeekData, words: Speaks) -> str:
    named = [tag for tag in data.tags if tag.count >= 2][:TAGS_MOST]
    return ", ".join(words("digest.tags.each", tag=markdown(tag.tag), count=tag.count) for tag in named)


def _extras(data: WeekData, words: Speaks) -> tuple[str, ...]:
    slices, forms = sum(s.count for s in data.slices), sum(f.count for f in data.forms)
    parts = [words("digest.card.slices", count=slices)] if slices else []
    if forms:
        times = words(f"digest.card.forms_{forms}") if forms <= 2 else words("digest.card.forms", count=forms)
        parts.append(times)
    lines = [", ".join(parts)] if parts else []
    tags = _tags(data, words)
    if tags:
        lines.append(words("digest.card.tags", tags=tags))
    return tuple(lines)


def _motion(data: WeekData, words: Speaks) -> tuple[str, ...]:
    counts = data.counts
    if counts is None:
        return ()
    lines: list[str] = []
    if counts.planned:
        areas = ", ".join(f"{markdown(name)} {done}/{planned}" for name, done, planned in counts.areas)
        lines.append(words("digest.motion.tasks", done=counts.done, planned=counts.planned, areas=areas))
    weeks = _in_motion(data, words)
    completion = "" if counts.completion is Direction.EARLY else words(f"digest.motion.completion_{counts.completion}")
    sentence = " ".join(
        part for part in (words("digest.motion.weeks", weeks=weeks) if weeks else "", completion) if part
    )
    if sentence:
        lines.append(sentence)
    return tuple(lines)


def _in_motion(data: WeekData, words: Speaks) -> str:
    counts = data.counts
    if counts is None or not counts.weeks_counted or counts.weeks_in_motion is None:
        return ""
    return words("digest.motion.of_last", weeks=counts.weeks_in_motion, count=counts.weeks_counted)


def _loop(loop: LoopLine, words: Speaks) -> Line:
    now = words("digest.loops.now", percent=round(loop.score * 100), label=loop.label)
    before = round(loop.score_before * 100) if loop.score_before is not None else None
    change = card_change = ""
    if before is not None:
        if loop.change_is_real:
            key = "up" if _moved(loop) > 0 else "down"
            change = words(f"digest.loops.{key}", before=before)
            card_change = words("digest.loops.was", before=before)
        else:
            change = card_change = words("digest.loops.same")
    text = words("digest.loops.line", name=markdown(loop.name), now=now + change)
    if loop.next_clip:
        text += " " + words("digest.loops.next", clip=markdown(loop.next_clip))
    card = words("digest.loops.card", name=markdown(loop.name), now=now)
    return Line(text, card + card_change if loop.change_is_real else card)


def _noticed(data: WeekData, words: Speaks) -> str:
    # The loop of the headline said twice would be noise.
    headline = _rising(data)
    others = [loop for loop in data.loops if loop.change_is_real and loop is not headline]
    if others:
        loop = max(others, key=lambda item: abs(_moved(item)))
        before = round((loop.score_before or 0) * 100)
        return words("digest.noticed.loop", name=markdown(loop.name), before=before, now=round(loop.score * 100))
    if data.counts and data.counts.completion in {Direction.UP, Direction.DOWN}:
        return words(f"digest.noticed.completion_{data.counts.completion}")
    if data.waiting and data.waiting.weeks > 0:
        weeks = data.waiting.weeks
        return words(
            "digest.noticed.waiting",
            title=markdown(data.waiting.title),
            count=weeks,
            number=number_text(weeks, words),
        )
    return ""


def _step(step: NextStep, is_first: bool, today: date, words: Speaks) -> Line:
    title = markdown(step.title)
    if step.kind is StepKind.DEADLINE and step.day is not None:
        day = day_month(step.day, words.locale)
        remarks: list[str] = []
        if step.days_before_release:
            remarks.append(words("digest.next.before_release", count=step.days_before_release))
        if step.checked:
            remarks.append(step.checked)
        file = words("digest.next.deadline", title=title, day=day)
        if remarks:
            file += words("digest.next.remarks", remarks="; ".join(remarks))
        card = words("digest.next.by", title=title, day=day)
    elif step.day is not None:
        # "Wed" means the next one; a later one is told with its date.
        is_near = (step.day - today).days < DAYS_BY_NAME
        day = weekday(step.day, words.locale) if is_near else day_month(step.day, words.locale)
        file = words("digest.next.on", title=title, day=day)
        card = words("digest.next.on", title=title, day=f"{day} {step.time}".strip())
    else:
        file = card = title
    if is_first and step.kind is not StepKind.REST:
        if_then = markdown(step.if_then, 200) if step.if_then else words("digest.next.if_then")
        file = words("digest.next.with_if_then", step=file, if_then=if_then)
    return Line(file, card)


def _release(data: WeekData, words: Speaks) -> str:
    release = data.release
    if release is None:
        return ""
    when = countdown(release.day, data.cut.date(), words)
    text = words("digest.release.line", title=markdown(release.title), countdown=when)
    if release.deadline_title and release.deadline_day is not None:
        text += " " + words(
            "digest.release.deadline",
            title=markdown(release.deadline_title),
            day=day_month(release.deadline_day, words.locale),
        )
    return text


def _phase(data: WeekData, words: Speaks, keys: str) -> str:
    phase = data.phase
    if phase is None:
        return ""
    name = words(f"phase.name.{phase.phase}")
    since = short_day(phase.since, words.locale)
    if phase.bounces:
        text = words(
            f"{keys}.bounces",
            phase=name,
            count=phase.bounces,
            number=number_text(phase.bounces, words),
            since=since,
        )
    else:
        text = words(f"{keys}.since", phase=name, since=since)
    return words("digest.phase.offer" if phase.offer_open else "digest.phase.plain", text=text)


# ------------------------------------------------------------------ what a channel may see


@dataclass(frozen=True, slots=True)
class PublicChoice:
    """What its owner opened for channel copies."""

    loops: bool = False


def public_data(data: WeekData, choice: PublicChoice) -> WeekData:
    """Return only what a public copy may be made of; every other field is empty.

    Titles without file names, no private items, counts of slices and form maps, momentum only if opted in, the
    countdown only if the release's own public countdown is on.
    """
    return WeekData(
        week=data.week,
        cut=data.cut,
        bounces=tuple(
            replace(b, file_name=b.title or base_name(b.file_name), loop_name="", tag="")
            for b in data.bounces
            if not b.private
        ),
        clips=tuple(replace(clip, loop_name="") for clip in data.clips if not clip.private),
        slices=tuple(replace(s, file_name="") for s in data.slices),
        forms=tuple(replace(f, name="") for f in data.forms),
        loops=tuple(replace(loop, next_clip="") for loop in data.loops) if choice.loops else (),
        release=replace(data.release, deadline_title="", deadline_day=None)
        if data.release and data.release.public
        else None,
        release_days=data.release_days,
    )
