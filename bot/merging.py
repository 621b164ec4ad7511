"""Two people in one form: what somebody else set meanwhile and the later one set again, found from the history. Pure.

A form sends only what was changed in it, so that different fields both win. For the same field the later wins: the
change that was just recorded says what stood there before it, to the letter, whoever was quicker in between.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.changes import RecordedChange
from bot.say.words import Words

Row = Mapping[str, Any]
"""The columns of a row as they stand in the history."""


@dataclass(frozen=True, slots=True)
class FormOf:
    """How the fields of a form stand for the columns of a row.

    `reads` gives what the form shows of a row, by field. `says` gives a field's value for people, "" for nothing, None
    where it is too long to repeat. `named` gives the key of a field's name.
    """

    entity: str
    named: Callable[[str], str]
    reads: Callable[[Row], Mapping[str, str]]
    says: Callable[[str, Row, Words], str | None]


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A field that somebody else set while the form was open, and that was set again by the form."""

    field: str
    who: str
    when: datetime
    theirs: Row
    mine: Row


def plain_value(value: str | Sequence[str] | bool | None) -> str:
    """Return what stands in a field so that it can be compared: however it is spaced or ordered.

    >>> plain_value(" Mix  "), plain_value(("b", "a")), plain_value(None), plain_value(True)
    ('Mix', 'a,b', '', 'true')
    """
    if value is None or isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, str):
        return "\n".join(value.strip().splitlines())
    return ",".join(sorted(value))


def overtaken(
    history: Sequence[RecordedChange],
    group_id: str,
    shown: Mapping[str, str],
    reads: Callable[[Row], Mapping[str, str]],
) -> list[Overtaken]:
    """Return what the change `group_id` of one row set anew over somebody else's head.

    `history`: the changes of that row, newest first. `shown`: what stood in the form, by field.
    """
    mine = next((one for one in history if one.group_id == group_id), None)
    if mine is None or mine.change.before is None or mine.change.after is None:
        return []
    before, after = _plain(reads, mine.change.before), _plain(reads, mine.change.after)
    found: list[Overtaken] = []
    for name, was in shown.items():
        if name not in before or before[name] == after[name] or before[name] == was:
            continue
        theirs = _setter(history, mine, name, before[name], reads)
        if theirs is not None and theirs.actor_reference != mine.actor_reference:
            row = mine.change.before, mine.change.after
            found.append(Overtaken(name, theirs.actor_name, theirs.at, *row))
    return found


def _setter(
    history: Sequence[RecordedChange],
    mine: RecordedChange,
    name: str,
    value: str,
    reads: Callable[[Row], Mapping[str, str]],
) -> RecordedChange | None:
    """Return who brought a field to what it was when it was set again."""
    for one in history:
        if one.group_id == mine.group_id or one.change.after is None:
            continue
        after = _plain(reads, one.change.after)[name]
        before = None if one.change.before is None else _plain(reads, one.change.before)[name]
        if after == value != before:
            return one
    return None


def _plain(reads: Callable[[Row], Mapping[str, str]], row: Row) -> Mapping[str, str]:
    return {name: plain_value(value) for name, value in reads(row).items()}
