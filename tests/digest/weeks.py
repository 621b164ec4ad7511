"""The golden week as data, and random weeks."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bot.digest.model import (
    Direction,
    DoneBounce,
    DoneClip,
    FormChange,
    IsoWeek,
    LoopLine,
    MissionNote,
    NextStep,
    PhaseLine,
    ReleaseLine,
    SliceCount,
    StepKind,
    TagCount,
    WaitingTask,
    WeekCounts,
    WeekData,
)

ZONE = ZoneInfo("Europe/London")
CUT = datetime(2025, 6, 8, 10, tzinfo=ZONE)


def _local(day: int, hour: int) -> datetime:
    return datetime(2025, 6, day, hour, tzinfo=ZONE)


GOLDEN = WeekData(
    week=IsoWeek(2025, 23),
    cut=CUT,
    bounces=(
        DoneBounce(
            "b1", "memory-spike-v2.wav", "memory-spike-v2", 197.4, _local(5, 20), "h1", "Night Drive",
            loudest_s=125.0, picture="waveforms/h1.png",
        ),
        DoneBounce("b2", "frag-loop-finale.mp3", "frag-loop-finale", 62.0, _local(7, 22), "h2"),
    ),
    clips=(
        DoneClip("c1", "Arrange", "Night Drive", _local(3, 12)),
        DoneClip("c2", "Mix pass", "Night Drive", _local(6, 12)),
    ),
    slices=(SliceCount("memory-spike-v2.wav", 3), SliceCount("frag-loop-finale.mp3", 2)),
    forms=(FormChange("Builder structure", 2),),
    counts=WeekCounts(
        (("creative", 3, 3), ("promo", 1, 2), ("relationships", 1, 2), ("career", 0, 1), ("wellbeing", 1, 1)),
        9, 10, Direction.SAME,
    ),
    loops=(LoopLine("l1", "Night Drive", 0.7407, "strong", 0.5167, "steady", "Teaser edit"),),
    waiting=WaitingTask("Email two venues", 2),
    steps=(
        NextStep(
            StepKind.ACTION, "c3", "Teaser edit", date(2025, 6, 10), "19:00",
            "If it is Tuesday 19:00 and the laptop is open, then ten minutes on the hook.",
        ),
        NextStep(
            StepKind.DEADLINE, "c4", "Spotify pitch", date(2025, 6, 20), days_before_release=7,
            checked="not checked yet, please check",
        ),
        NextStep(StepKind.ACTION, "c4", "Spotify pitch", date(2025, 6, 18)),
        NextStep(StepKind.REST, "t9", "An evening off"),
    ),
    release=ReleaseLine("Night Drive", date(2025, 6, 27), "Spotify pitch", date(2025, 6, 20)),
    phase=PhaseLine("builder", date(2025, 5, 12), 2, offer_open=True),
    tasks_decided=6,
)  # fmt: skip

NASTY = ["../../etc/x.wav", "@everyone.wav", "`rm -rf`.wav", "مرحبا\u202egnp.wav", "🎛️" * 255, "a" * 300, "*b*_c_|d|"]

names = st.sampled_from([*NASTY, "Night Drive", "Teaser edit", "mix v2.wav"])
long_texts = st.sampled_from(["", "word " * 120, "x" * 600])
days = st.dates(date(2025, 6, 2), date(2025, 6, 30))
moments = st.integers(0, 7 * 24 * 60).map(lambda minutes: CUT - timedelta(minutes=minutes))
weeks = st.builds(
    WeekData,
    week=st.just(IsoWeek(2025, 23)),
    cut=st.just(CUT),
    bounces=st.lists(
        st.builds(
            DoneBounce,
            id=st.uuids().map(str),
            file_name=names,
            title=names | st.just(""),
            duration_s=st.floats(0, 90_000),
            at=moments,
            content_hash=st.sampled_from(["", "h1", "h2", "h3"]),
            loop_name=names,
            loudest_s=st.none() | st.floats(0, 1000),
            picture=st.sampled_from(["", "waveforms/x.png"]),
            private=st.booleans(),
        ),
        max_size=12,
    ).map(tuple),
    clips=st.lists(
        st.builds(DoneClip, st.uuids().map(str), names, names, moments, st.booleans()), max_size=12
    ).map(tuple),
    slices=st.lists(st.builds(SliceCount, names, st.integers(1, 90)), max_size=4).map(tuple),
    forms=st.lists(st.builds(FormChange, names, st.integers(1, 9)), max_size=9).map(tuple),
    tags=st.lists(st.builds(TagCount, st.sampled_from(["vocal", "dark-pad", "a"]), st.integers(1, 9))).map(tuple),
    counts=st.none()
    | st.builds(
        WeekCounts,
        st.lists(st.tuples(names, st.integers(0, 3), st.integers(3, 5)), max_size=5).map(tuple),
        st.none() | st.integers(0, 10),
        st.none() | st.integers(0, 10),
        st.sampled_from(Direction),
    ),
    loops=st.lists(
        st.builds(
            LoopLine, st.uuids().map(str), names, st.floats(0, 1), st.just("steady"),
            st.none() | st.floats(0, 1), st.just("quiet"), names,
        ),
        max_size=6,
    ).map(tuple),
    waiting=st.none() | st.builds(WaitingTask, names, st.integers(1, 9)),
    notes=st.lists(st.builds(MissionNote, names, long_texts), max_size=4).map(tuple),
    steps=st.lists(
        st.builds(
            NextStep, st.sampled_from(StepKind), st.sampled_from("abcdef"), names, st.none() | days,
            st.just("19:00"), st.just("") | names, st.none() | st.integers(1, 30), st.just("please check"),
        ),
        max_size=9,
    ).map(tuple),
    release=st.none() | st.builds(ReleaseLine, names, days, names, days, st.booleans()),
    proposals=st.integers(0, 9),
    phase=st.none() | st.builds(PhaseLine, st.just("builder"), days, st.integers(0, 20), st.booleans()),
    tasks_decided=st.integers(0, 9),
    reflections=st.integers(0, 1),
    release_days=st.integers(0, 1),
)  # fmt: skip
