"""Work that takes longer than a press: acknowledged at once, told in words, to be cancelled, handed over in time.

Progress is shown after two seconds and changed at most every two seconds, the newest wins. Before the answer's
fourteen minutes are over the rest is handed over: the work goes on and its result goes where the caller says.
"""

import asyncio
from collections.abc import Awaitable, Callable

from bot.say.card import Button, Card, Style, note
from bot.ui.base import Press, Turn
from bot.ui.controls import control
from bot.ui.items import Who
from bot.ui.works import Work


async def run(
    turn: Turn,
    name: str,
    job: Callable[[Work], Awaitable[Card]],
    *,
    retry: Button | None = None,
    hand_over: Callable[[Card], Awaitable[object]] | None = None,
) -> None:
    """Run `job` and show its card; `retry` starts it again with the same inputs.

    `hand_over` gets the card when the answer's time is over before the work is (post it, or put it in the inbox).
    """
    works, rules, words = turn.edge.works, turn.edge.rules, turn.words
    gate = works.enter(turn.person)
    queued = works.before(turn.person)
    try:
        await turn.defer(new_message=True)
    except Exception:
        works.leave(turn.person)
        raise
    turn.retry = retry
    turn.in_place = True
    work = Work(turn.now)
    if queued:
        work.step(words("progress.queued", count=queued))

    async def inside() -> Card:
        try:
            async with gate:
                return await job(work)
        finally:
            works.leave(turn.person)

    task: asyncio.Task[Card] = turn.edge.supervisor.spawn(name, inside(), awaited=True)
    work_id = works.started(task, turn.person)
    loop = asyncio.get_running_loop()
    over_at = loop.time() + rules.hand_over_after_s
    pause = rules.progress_after_s
    while True:
        done, _ = await asyncio.wait({task}, timeout=min(pause, max(0.0, over_at - loop.time())))
        if done:
            break
        if loop.time() >= over_at:
            await turn.settle(note(words("progress.handed_over")))
            turn.edge.supervisor.spawn(f"{name} after hand-over", _give(task, hand_over))
            return
        pause = rules.progress_edit_every_s
        if work.changed.is_set() or not work.text:
            work.changed.clear()
            await turn.settle(progress_card(turn, work, work_id))
    if task.cancelled():
        rows = [[retry]] if retry else []
        await turn.settle(note(words("progress.cancelled"), *rows))
        return
    await turn.settle(task.result())


def progress_card(turn: Turn, work: Work, work_id: str) -> Card:
    """Return the progress line: "Reading audio (2 of 4), started 5 seconds ago"."""
    words = turn.words
    line = words("progress.line", what=work.text or words("progress.working"), when=work.started_at)
    cancel = Button("ui", "cancel", words("card.cancel"), id=work_id, owner=turn.person, style=Style.SECONDARY)
    return note(line, [cancel])


async def _give(task: "asyncio.Task[Card]", hand_over: Callable[[Card], Awaitable[object]] | None) -> None:
    card = await task
    if hand_over is not None:
        await hand_over(card)


@control("ui", "cancel", who=Who.OWNER)
async def cancel(press: Press) -> None:
    """Stop long work; its own message says so."""
    await press.defer()
    if not press.edge.works.cancel(press.id, press.person):
        await press.update(note(press.words("progress.over")))
