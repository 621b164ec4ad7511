"""What a bounce is: the states of a file, the measured facts, the catalogue's rows. No I/O here."""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType, TypeVar

from bot.actors import OwnerId

BounceId = NewType("BounceId", str)
FileId = NewType("FileId", str)
FolderId = NewType("FolderId", str)
SliceId = NewType("SliceId", str)
CommentId = NewType("CommentId", str)
KeyId = NewType("KeyId", str)
PartT = TypeVar("PartT")

EXTENSIONS = frozenset({".wav", ".w64", ".rf64", ".aif", ".aiff", ".flac", ".mp3", ".ogg", ".opus", ".m4a"})
LOSSY_EXTENSIONS = frozenset({".mp3", ".ogg", ".opus", ".m4a"})


class FileState(StrEnum):
    """How far one file in a watched folder has come; persisted, so that a crash at any point continues."""

    SEEN = "seen"
    SETTLING = "settling"
    MEASURING = "measuring"
    CATALOGUED = "catalogued"
    POSTED = "posted"
    UNREADABLE = "unreadable"
    IGNORED = "ignored"
    GONE = "gone"


OPEN_STATES = frozenset({FileState.SEEN, FileState.SETTLING, FileState.MEASURING})


class BounceTag(StrEnum):
    KEEPER = "keeper"
    MAYBE = "maybe"
    NEEDS_WORK = "needs_work"
    SCRATCH = "scratch"


class BounceSource(StrEnum):
    """How a bounce came in."""

    FOLDER = "folder"
    UPLOAD = "upload"
    COMPANION = "companion"


class SliceKind(StrEnum):
    MANUAL = "manual"
    AUTO = "auto"


class PostChoice(StrEnum):
    """What a watched folder posts for a finished bounce."""

    NOTHING = "nothing"
    FACTS = "facts"
    PICTURE = "picture"
    AUDIO = "audio"


class WatchMode(StrEnum):
    AUTO = "auto"
    NATIVE = "native"
    POLLING = "polling"


class Trouble(StrEnum):
    """Why a file could not be measured; each is a string key `bounce.trouble.<value>`."""

    EMPTY = "empty"
    NOT_AUDIO = "not_audio"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    TOO_MANY_CHANNELS = "too_many_channels"
    SAMPLE_RATE = "sample_rate"
    NO_SAMPLES = "no_samples"
    NO_DECODER = "no_decoder"
    DENIED = "denied"
    VANISHED = "vanished"
    CHANGED = "changed"
    TIMED_OUT = "timed_out"
    DECODER_CRASHED = "decoder_crashed"
    DISK = "disk"


class Note(StrEnum):
    """Something odd about a file that was measured all the same; string key `bounce.note.<value>`."""

    HEADER_OPEN = "header_open"
    SHORTER_THAN_HEADER = "shorter_than_header"
    NOT_FINITE = "not_finite"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Clipping:
    """Runs of three or more samples at full scale, and where the first five begin (seconds)."""

    runs: int = 0
    places_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Stereo:
    """Correlation −1..1; side energy against mid in dB; what a mono sum loses in dB."""

    correlation: float
    side_to_mid_db: float | None
    mono_loss_db: float
    silent_channels: tuple[int, ...] = ()
    one_sided: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """Seconds below −60 dBFS at both ends, and gaps over two seconds between."""

    head_s: float = 0.0
    tail_s: float = 0.0
    gaps_s: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Balance:
    """Share of the energy below 200 Hz, between, and above 4 kHz, each in dB of the whole."""

    low_db: float
    mid_db: float
    high_db: float


@dataclass(frozen=True, slots=True)
class Tempo:
    """`other_bpm`: half or double, where people may well count that instead."""

    bpm: float
    confidence: float
    other_bpm: float | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """`tonic` 0..11 from C; `confidence` 0..1."""

    tonic: int
    minor: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Section:
    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True, slots=True)
class Tags:
    """What the file says about itself."""

    title: str | None = None
    artist: str | None = None
    comment: str | None = None
    bpm: float | None = None
    isrc: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one pass over a file knows. Levels are None where the signal is silent or too short."""

    duration_s: float
    frames: int
    sample_rate: int
    channels: int
    bit_depth: int | None
    codec: str
    size_bytes: int
    content_hash: str
    file_hash: str
    sample_peak_dbfs: float | None = None
    true_peak_dbtp: float | None = None
    integrated_lufs: float | None = None
    momentary_max_lufs: float | None = None
    short_term_max_lufs: float | None = None
    loudness_range_lu: float | None = None
    rms_dbfs: float | None = None
    plr_db: float | None = None
    crest_db: float | None = None
    loudest_at_s: float | None = None
    clipping: Clipping = field(default_factory=Clipping)
    stereo: Stereo | None = None
    dc_offset: tuple[float, ...] = ()
    silence: Silence = field(default_factory=Silence)
    balance: Balance | None = None
    tempo: Tempo | None = None
    key: Key | None = None
    sections: tuple[Section, ...] = ()
    tags: Tags = field(default_factory=Tags)
    notes: tuple[Note, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON data."""
        return asdict(self)

    @staticmethod
    def from_dict(data: dict[str, object]) -> "Facts":
        """Rebuild facts from `to_dict`; unknown keys of a newer version are left out."""
        known = {name: data[name] for name in Facts.__dataclass_fields__ if name in data}

        def part(name: str, kind: type[PartT]) -> PartT | None:
            value = known.get(name)
            return kind(**_tuples(value)) if isinstance(value, dict) else None

        known["clipping"] = part("clipping", Clipping) or Clipping()
        known["silence"] = part("silence", Silence) or Silence()
        known["tags"] = part("tags", Tags) or Tags()
        for name, kind in (("stereo", Stereo), ("balance", Balance), ("tempo", Tempo), ("key", Key)):
            known[name] = part(name, kind)
        sections = known.get("sections")
        known["sections"] = tuple(Section(**item) for item in (sections if isinstance(sections, list | tuple) else ()))
        notes = known.get("notes")
        known["notes"] = tuple(Note(item) for item in (notes if isinstance(notes, list | tuple) else ()))
        offset = known.get("dc_offset")
        known["dc_offset"] = tuple(offset if isinstance(offset, list | tuple) else ())
        return Facts(**known)  # pyright: ignore[reportArgumentType]


def _tuples(data: dict[str, object]) -> dict[str, object]:
    def turn(value: object) -> object:
        return tuple(turn(item) for item in value) if isinstance(value, list | tuple) else value

    return {key: turn(value) for key, value in data.items()}


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells that a file on disk is still the same: size, mtime in ns, inode."""

    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Bounce:
    """A finished export in the catalogue. `number` is its place in the version family."""

    id: BounceId
    owner_id: OwnerId
    title: str
    file_name: str
    family: str
    family_title: str
    number: int
    content_hash: str
    facts: Facts
    source: BounceSource
    bounced_at: datetime
    created_at: datetime
    updated_at: datetime
    tag: BounceTag | None = None
    free_tags: tuple[str, ...] = ()
    note: str = ""
    loop_id: str | None = None
    phase: str | None = None
    has_audio: bool = False
    deleted_at: datetime | None = None
    client_id: str | None = None
    """Whom of a server's clients it is filed under."""

    @property
    def version_name(self) -> str:
        return f"v{self.number}"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is watched for an owner. `channel_id` None: the owner's bounce channel, if any."""

    id: FolderId
    owner_id: OwnerId
    path: str
    mode: WatchMode
    is_recursive: bool
    post: PostChoice
    channel_id: int | None
    ignore: tuple[str, ...]
    is_paused: bool
    created_at: datetime
    gone_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class WatchedFile:
    """One file in a watched folder and how far it has come."""

    id: FileId
    owner_id: OwnerId
    folder_id: FolderId
    path: str
    state: FileState
    stamp: FileStamp | None
    trouble: Trouble | None
    bounce_id: BounceId | None
    group_key: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a bounce that somebody chose to keep."""

    id: SliceId
    bounce_id: BounceId
    start_s: float
    end_s: float
    name: str
    note: str
    tags: tuple[str, ...]
    kind: SliceKind
    saved_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark at a moment of a bounce, by whoever may see its card."""

    id: CommentId
    bounce_id: BounceId
    author_id: int
    author_name: str
    at_s: float
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class UploadKey:
    """A key of the companion on another machine; the key itself is shown once and never stored."""

    id: KeyId
    owner_id: OwnerId
    name: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for in the catalogue; None and empty mean anything."""

    text: str = ""
    loop_id: str | None = None
    tag: BounceTag | None = None
    free_tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    shortest_s: float | None = None
    longest_s: float | None = None
    family: str | None = None
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts over a catalogue. `weeks`: (Monday, bounces, minutes), newest first."""

    bounces: int
    minutes: float
    families: int
    by_tag: tuple[tuple[BounceTag | None, int], ...]
    weeks: tuple[tuple[date, int, float], ...]
    versions_to_keeper: float | None


@dataclass(frozen=True, slots=True)
class BandChange:
    """`band` is low, mid or high; the change of its share in dB."""

    band: str
    change_db: float


@dataclass(frozen=True, slots=True)
class Difference:
    """New minus old; None where one of the two has no such level or nothing worth saying changed."""

    length_s: float | None
    loudness_lu: float | None
    true_peak_db: float | None
    dynamics_db: float | None
    bands: tuple[BandChange, ...]
    sections: tuple[tuple[str, float, float], ...]
    apart_s: tuple[float, float] | None
