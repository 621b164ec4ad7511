"""What a worker process does for one request: measure, draw, transcode. Runs in the worker; plain JSON in
and out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from bot.bounces import picture
from bot.bounces.levels import Columns
from bot.bounces.measure import measure
from bot.bounces.model import Trouble
from bot.bounces.peaks import columns_bytes, read_columns
from bot.bounces.picture_art import art_png
from bot.bounces.picture_raster import rgb
from bot.bounces.transcode import cut_slice, make_preview
from bot.bounces.trouble import CannotMeasure, trouble_of
from bot.files import content_folder
from bot.private import FILE

if TYPE_CHECKING:
    from bot.bounces.rules import BounceRules

Request = Mapping[str, object]
Tell = Callable[[float], None]


def perform(request: Request, rules: "BounceRules", tell: Tell) -> dict[str, object]:
    """Do what `request` asks; the answer has `ok`, or `trouble` with the reason."""
    try:
        match request["op"]:
            case "measure":
                return _measure(request, rules, tell)
            case "draw":
                return _draw(request)
            case "preview":
                made = make_preview(_path(request, "path"), _path(request, "to"), _int(request, "most_bytes"), rules)
                return {"ok": {"file": None if made is None else made.name}}
            case "slice":
                cut_slice(
                    _path(request, "path"),
                    _path(request, "to"),
                    _float(request, "start_s"),
                    _float(request, "end_s"),
                    rules,
                )
                return {"ok": {}}
            case _:
                return {"ok": {}}
    except CannotMeasure as error:
        return {"trouble": str(error.trouble), "detail": error.detail}
    except MemoryError:
        return {"trouble": str(Trouble.TOO_LARGE), "detail": "memory"}
    except OSError as error:
        return {"trouble": str(trouble_of(error)), "detail": str(error.errno)}


def _measure(request: Request, rules: "BounceRules", tell: Tell) -> dict[str, object]:
    done = measure(_path(request, "path"), rules, progress=tell)
    folder = _path(request, "folder")
    target = content_folder(folder, done.facts.content_hash)
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(target / "peaks.dat", done.peaks)
    _write(target / "columns.npy", columns_bytes(done.columns))
    return {"ok": done.facts.to_dict()}


def _write(path: Path, data: bytes) -> None:
    """Write whole or not at all: a crash between leaves the old file or none."""
    part = path.with_name(f"{path.name}.{id(data):x}.part")
    part.write_bytes(data)
    part.chmod(FILE)
    part.replace(path)


def _draw(request: Request) -> dict[str, object]:
    view = cast(dict[str, object], request["view"])
    kind = request["kind"]
    if kind in ("waveform", "cover"):
        drawn = picture.WaveView(
            columns=_columns(view["columns"]),
            title=str(view["title"]),
            version=str(view.get("version", "")),
            facts=tuple(map(str, _list(view, "facts"))),
            tag=str(view.get("tag", "")),
            sections=_spans(view, "sections"),
            form=_spans(view, "form"),
            clips_s=_floats(view, "clips_s"),
            clip_word=str(view.get("clip_word", "")),
            gaps_s=_pairs(view, "gaps_s"),
            marks_s=_floats(view, "marks_s"),
            slices_s=_pairs(view, "slices_s"),
            is_stereo_shown=bool(view.get("is_stereo_shown", False)),
            accent=_colour(view),
        )
        png = picture.waveform_png(drawn) if kind == "waveform" else picture.cover_png(drawn)
    elif kind == "art":
        png = art_png(_columns(view["columns"]), _int(view, "size"), _colour(view))
    elif kind == "sheet":
        items = [
            picture.SheetItem(str(item["name"]), str(item["length"]), _columns(item["columns"]))
            for item in cast(list[dict[str, object]], view["items"])
        ]
        png = picture.sheet_png(str(view["title"]), str(view["lead"]), items, _colour(view))
    else:
        apart = _pairs(view, "apart_s")
        png = picture.compare_png(
            picture.CompareView(
                _columns(view["old"]),
                _columns(view["new"]),
                str(view["title"]),
                str(view["old_name"]),
                str(view["new_name"]),
                tuple(map(str, _list(view, "facts"))),
                apart[0] if apart else None,
                str(view.get("apart_word", "")),
                _colour(view),
            )
        )
    to = _path(request, "to")
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(to, png)
    return {"ok": {"size": len(png)}}


def _columns(data: object) -> Columns:
    """Columns by file and length: `[path, duration]`."""
    path, duration = cast(tuple[str, float], data)
    try:
        return read_columns(Path(path).read_bytes(), float(duration))
    except ValueError:
        raise CannotMeasure(Trouble.VANISHED, "columns") from None


def _path(request: Request, name: str) -> Path:
    return Path(str(request[name]))


def _int(request: Request, name: str) -> int:
    return int(cast(int, request[name]))


def _float(request: Request, name: str) -> float:
    return float(cast(float, request[name]))


def _list(view: Request, name: str) -> list[object]:
    return list(cast(list[object], view.get(name) or ()))


def _floats(view: Request, name: str) -> tuple[float, ...]:
    return tuple(float(cast(float, item)) for item in _list(view, name))


def _pairs(view: Request, name: str) -> tuple[tuple[float, float], ...]:
    return tuple((float(a), float(b)) for a, b in cast(list[tuple[float, float]], _list(view, name)))


def _spans(view: Request, name: str) -> tuple[picture.Span, ...]:
    return tuple(
        picture.Span(float(start), float(end), str(label), bool(estimated))
        for start, end, label, estimated in cast(list[tuple[float, float, str, bool]], _list(view, name))
    )


def _colour(view: Request) -> tuple[float, float, float] | None:
    code = view.get("accent")
    return rgb(str(code)) if code else None
