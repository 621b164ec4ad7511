"""Cards of missions: pure functions from a view to a card."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.missions.cadence import parse_cadence
from bot.missions.desk import RunView, StepView
from bot.missions.model import (
    Iteration,
    IterationStatus,
    LifeState,
    Line,
    Mission,
    Part,
    Schedule,
    Step,
    StepEvent,
    StepState,
    StepStatus,
)
from bot.missions.quorum import code_of, mark, mark_of_all, parts_of, votes_needed
from bot.missions.rules import mission_rules
from bot.missions.service import MissionView
from bot.missions.stats import MissionStats
from bot.recurrence import Cron, Daily, EveryMinutes, Once, Weekly
from bot.say.card import (
    Accent,
    Button,
    Card,
    Fact,
    Option,
    Row,
    Section,
    Select,
    State,
    Style,
    Text,
    join,
    mention,
    note,
    plain,
    raw,
)
from bot.say.words import Words

if TYPE_CHECKING:
    from bot.missions.client_side import Asked

AREA = "mission"
_QUORUMS = ("owner*1", "approver*1", "approver*2", "lead*1")
_STUDIO_QUORUMS = ("lead*1", "lead*2", "member*1", "lead*1+member*1", "approver*2", "client*1", "lead*1+client*1")
"""Who may decide, as it is offered: of a person's mission, of a studio's."""
_STEP_STATES = {
    StepStatus.STAGED: ("⏳", Accent.ACCENT),
    StepStatus.APPROVED: ("⏳", Accent.ACCENT),
    StepStatus.EXECUTED: ("🔵", Accent.GOOD),
    StepStatus.REJECTED: ("⚪", Accent.IDLE),
    StepStatus.EXPIRED: ("⌛", Accent.IDLE),
    StepStatus.FAILED: ("🟠", Accent.LOOK),
    StepStatus.SKIPPED: ("⚪", Accent.IDLE),
    StepStatus.UNDONE: ("↩️", Accent.IDLE),
}
_RUN_STATES = {
    IterationStatus.RUNNING: ("⏳", Accent.ACCENT),
    IterationStatus.AWAITING: ("⏳", Accent.ACCENT),
    IterationStatus.APPROVED: ("🔵", Accent.GOOD),
    IterationStatus.PARTLY: ("🔵", Accent.GOOD),
    IterationStatus.REJECTED: ("⚪", Accent.IDLE),
    IterationStatus.NOTHING: ("⚪", Accent.IDLE),
    IterationStatus.FAILED: ("🟠", Accent.LOOK),
    IterationStatus.CANCELLED: ("⚪", Accent.IDLE),
}
_LIFE_STATES = {
    LifeState.ACTIVE: ("🔵", Accent.GOOD),
    LifeState.PAUSED: ("⏸️", Accent.IDLE),
    LifeState.DONE: ("☑️", Accent.IDLE),
    LifeState.ARCHIVED: ("⚪", Accent.IDLE),
}


# ---------------------------------------------------------------------- proposals


def step_card(view: StepView, words: Words) -> Card:
    """Return a proposal: what would change, before → after, why, who proposes, until when."""
    step = view.step
    icon, accent = _STEP_STATES[step.status]
    facts = [
        Fact(words("mission.step.change"), _change(step, words)),
        Fact(words("mission.step.why"), step.rationale),
        Fact(words("mission.step.by"), planner_text(view.iteration, view.agent.name, words)),
    ]
    facts += _edited(step, words)
    if votes_needed(view.mission.quorum) > 1:
        facts.append(Fact(words("mission.step.votes"), _votes(view, words)))
    outcome = _outcome(step, words)
    return Card(
        title=line(step.preview.title, words),
        state=State(words(f"mission.step_state.{step.status}"), icon, accent),
        lead=outcome,
        facts=facts,
        meta=_step_meta(view, words),
        rows=[_step_buttons(step, words)],
        accent=accent,
    )


def _edited(step: Step, words: Words) -> list[Fact]:
    """Return who changed the step, and how many approvals that set back: they were given to something else."""
    told: list[Text] = []
    if step.edited is not None:
        by = step.edited_name
        told.append(
            words("mission.step.edited_by", who=by, tool=step.summary)
            if by
            else words("mission.step.edited_text", tool=step.summary)
        )
    if step.set_back and step.state is StepState.PENDING:
        told.append(words("mission.step.set_back", count=step.set_back))
    label = "mission.step.edited" if step.edited is not None else "mission.step.changed"
    return [Fact(words(label), join(" ", told))] if told else []


def _votes(view: StepView, words: Words) -> Text:
    """Return how many have agreed, and who still has to."""
    need = votes_needed(view.mission.quorum)
    still = view.open_parts
    have = words("mission.step.votes_text", have=need - votes_needed(still), need=need)
    if not still or view.step.state is not StepState.PENDING:
        return have
    return words("mission.step.votes_open", votes=have, who=quorum_text(still, words))


def quorum_text(parts: Sequence[Part], words: Words) -> Text:
    """Return who has to agree, in words: "one lead and the client"."""
    told = [_part_text(part, words) for part in parts]
    return told[0] if len(told) == 1 else words("mission.part.and", first=join(", ", told[:-1]), last=told[-1])


def _part_text(part: Part, words: Words) -> Text:
    kind, _, number = part.who.partition(":")
    match kind:
        case "role":
            return words("mission.part.role", role=raw(f"<@&{number}>"), count=part.count)
        case "person":
            return mention(int(number))
        case _:
            return words(f"mission.part.{kind}", count=part.count)


def _change(step: Step, words: Words) -> Text:
    before = join(", ", [line(one, words) for one in step.preview.before])
    after = join(", ", [line(one, words) for one in step.preview.after])
    return join(" → ", [before, after]) if before else join("", [after])


def _outcome(step: Step, words: Words) -> str | None:
    match step.state:
        case StepState.DONE | StepState.REJECTED | StepState.UNDONE if step.decided_at is not None:
            if not step.decided_name:
                return words("mission.step.by_itself", when=step.decided_at)
            key = f"mission.outcome.{step.state}"
            told = words(key, who=step.decided_name, when=step.decided_at)
            return told + words("mission.outcome.reason", reason=step.reason) if step.reason else told
        case StepState.FAILED:
            key = f"mission.stop.{step.error}"
            return words(key if words.has(key) else "mission.stop.other")
        case StepState.EXPIRED | StepState.SUPERSEDED | StepState.WITHDRAWN:
            return words(f"mission.outcome.{step.state}")
        case _:
            return None


def _step_meta(view: StepView, words: Words) -> list[str]:
    step = view.step
    meta: list[str] = [words("mission.step.of", mission=view.mission.title, code=view.mission.code, label=step.label)]
    if step.state is StepState.PENDING:
        meta.append(words("mission.step.expires", when=step.expires_at))
    return meta


def _step_buttons(step: Step, words: Words) -> Sequence[Button]:
    if step.state is StepState.DONE:
        until = (step.decided_at or step.created_at) + timedelta(minutes=mission_rules().undo_card_minutes)
        return [Button(AREA, "undo", words("mission.button.undo"), id=step.id, expires_at=until)]
    if step.state is StepState.FAILED:
        return [Button(AREA, "retry", words("mission.button.retry"), id=step.id, style=Style.PRIMARY)]
    over = step.state is not StepState.PENDING
    return [
        # The sign of what it says: a yes that was meant for another text is none.
        Button(
            AREA,
            "approve",
            words("mission.button.approve"),
            id=step.id,
            arg=mark(step),
            style=Style.PRIMARY,
            disabled=over,
        ),
        Button(AREA, "edit-step", words("mission.button.edit"), id=step.id, disabled=over),
        Button(AREA, "dismiss", words("mission.button.dismiss"), id=step.id, disabled=over),
    ]


def client_card(asked: "Asked", words: Words) -> Card:
    """Return a step as a client's people see it: what would change and why, and nothing of who else decides it."""
    view, step = asked.view, asked.view.step
    need = votes_needed(view.mission.quorum)
    facts = [Fact(words("mission.step.change"), _change(step, words)), Fact(words("mission.step.why"), step.rationale)]
    if step.state is StepState.PENDING and step.edited is not None:
        facts.append(Fact(words("mission.step.edited"), words("mission.client.edited")))
    if need > 1:
        have = need - votes_needed(view.open_parts)
        facts.append(Fact(words("mission.step.votes"), words("mission.step.votes_text", have=have, need=need)))
    icon, accent = _STEP_STATES[step.status]
    key, waits = _client_state(asked), step.state is StepState.PENDING
    return Card(
        title=line(step.preview.title, words),
        state=State(words(f"mission.client.state.{key}"), icon, accent),
        lead=words(f"mission.client.lead.{key}", studio=asked.studio, client=asked.client),
        facts=facts,
        meta=[words("mission.step.expires", when=step.expires_at)] if waits else [],
        rows=[_client_buttons(asked, words)] if waits else [],
        accent=accent,
    )


def _client_state(asked: "Asked") -> str:
    """Return what has become of it, as far as it is a client's to know."""
    match asked.view.step.state:
        case StepState.PENDING:
            return "agreed" if asked.has_agreed else "asked"
        case StepState.DONE:
            return "done"
        case StepState.APPROVED | StepState.EXECUTING | StepState.FAILED | StepState.UNKNOWN:
            return "under_way"
        case StepState.EXPIRED:
            return "expired"
        case _:
            return "dropped"


def _client_buttons(asked: "Asked", words: Words) -> Sequence[Button]:
    step = asked.view.step
    yes = Button(
        AREA,
        "client-yes",
        words("mission.button.approve"),
        id=step.id,
        arg=mark(step),
        style=Style.PRIMARY,
        disabled=asked.has_agreed,
        owner=asked.person,
    )
    return [
        yes,
        Button(AREA, "client-no", words("mission.client.decline"), id=step.id, owner=asked.person),
        Button(AREA, "client-ask", words("mission.client.ask"), id=step.id, owner=asked.person),
    ]


def question_card(view: StepView, told: Mapping[str, str], words: Words) -> Card:
    """Return a client's question about a step, for those who proposed it."""
    step = view.step
    title = words("mission.client.question", name=told["name"], client=told["client"])
    about = words("mission.client.about", what=line(step.preview.title, words), label=step.label)
    return Card(title=title, lead=told["text"], meta=[about], quiet=True)


def header_card(view: RunView, words: Words, *, all_reversible: bool) -> Card:
    """Return the card of a run: its summary, how many steps wait, Approve all and Ask again."""
    run, mission = view.iteration, view.mission
    icon, accent = _RUN_STATES[run.status]
    open_steps = [step for step in view.steps if step.state is StepState.PENDING]
    facts = [
        Fact(words("mission.run.planner"), planner_text(run, view.agent.name, words)),
        Fact(
            words("mission.run.steps"),
            words("mission.run.steps_text", count=len(view.steps), open=len(open_steps)),
        ),
    ]
    if run.feedback:
        facts.append(Fact(words("mission.run.feedback"), run.feedback))
    buttons: list[Button] = []
    if len(open_steps) > 1 and all_reversible:
        label = words("mission.button.approve_all", count=len(open_steps))
        buttons.append(Button(AREA, "approve-all", label, id=run.id, arg=mark_of_all(open_steps), style=Style.PRIMARY))
    buttons.append(Button(AREA, "again", words("mission.button.again"), id=run.id))
    return Card(
        title=words("mission.run.title", mission=mission.title, number=run.number),
        state=State(words(f"mission.run_state.{run.status}"), icon, accent),
        lead=run_lead(run, words),
        facts=facts,
        sections=_dropped(run, words),
        meta=[words("mission.run.meta", code=mission.code, when=run.started_at)],
        rows=[buttons],
        accent=accent,
    )


def run_lead(run: Iteration, words: Words) -> str:
    """Return the sentence that says what a run came to."""
    if run.error is not None:
        key = f"mission.run_error.{run.error.code}"
        return words(key if words.has(key) else "mission.run_error.other")
    if run.status is IterationStatus.RUNNING:
        return words("mission.run.running")
    if run.status is IterationStatus.NOTHING and not run.summary:
        return words("mission.run.nothing")
    return run.summary


def _dropped(run: Iteration, words: Words) -> list[Section]:
    if not run.dropped:
        return []
    lines = []
    for one in run.dropped:
        code = one.reason.partition(":")[0]
        lines.append(words(f"mission.dropped.{code}", what=one.summary or tool_name(one.tool, words)))
    return [Section(words("mission.run.dropped"), lines)]


def tool_name(tool: str, words: Words) -> Text:
    """Return what a tool is called among people."""
    key = f"mission.tool_name.{tool}"
    return words(key) if words.has(key) else raw(tool.replace("_", " ").replace(".", ": "))


def planner_text(run: Iteration, agent: str, words: Words) -> Text:
    """Return who planned: the agent, and whether the AI or the rules did it."""
    if run.planner.startswith("ai:"):
        return words("mission.planner.ai", agent=agent, model=run.planner[3:])
    if not run.planner:
        return words("mission.planner.nobody", agent=agent)
    if run.ai_note:
        return words(f"mission.planner.rules_{run.ai_note}", agent=agent)
    return words("mission.planner.rules", agent=agent)


def line(one: Line, words: Words) -> Text:
    """Return a line of a preview."""
    return words(one.key, **one.parts)


# ---------------------------------------------------------------------- missions


def mission_card(view: MissionView, words: Words, me: int | None = None) -> Card:
    """Return a mission: its brief, when it runs, who decides, and what its newest runs came to. `me`: who looks."""
    mission = view.mission
    icon, accent = _LIFE_STATES[mission.state]
    facts = [
        Fact(words("mission.card.cadence"), cadence_text(mission.cadence, words)),
        Fact(words("mission.card.next"), next_text(mission, view.schedule, words)),
        Fact(words("mission.card.agent"), view.agent.name),
    ]
    if mission.guild_id is not None:
        facts.append(Fact(words("mission.card.decides"), quorum_text(mission.quorum, words)))
    if mission.is_studio:
        facts.append(Fact(words("mission.card.whose"), words("card.studio_owned")))
    if view.client:
        facts.append(Fact(words("mission.card.client"), view.client))
    if view.pending:
        facts.append(Fact(words("mission.card.open"), words("mission.card.open_text", count=view.pending)))
    return Card(
        title=mission.title,
        state=State(words(f"mission.life.{mission.state}"), icon, accent),
        lead=mission.objective,
        facts=facts,
        sections=[
            Section(words("mission.card.runs"), run_lines(view.runs, view.steps, words))
            if view.runs
            else Section(None, [words("mission.card.no_runs")])
        ],
        meta=[words("mission.card.meta", code=mission.code, when=mission.updated_at)],
        rows=[*_mission_buttons(mission, words), *_decides(mission, words, me)],
        accent=accent,
    )


def _decides(mission: Mission, words: Words, me: int | None) -> list[Row]:
    """Return the choice of who decides; alone, outside of a server, there is nobody else to ask."""
    if mission.guild_id is None or mission.deleted_at is not None:
        return []
    offered: list[str] = list(_STUDIO_QUORUMS if mission.is_studio else _QUORUMS)
    if mission.is_studio and me is not None:
        offered.append(f"person:{me}*1")
    now = code_of(mission.quorum)
    options = [
        Option(_quorum_label(parts_of(code), words, me), code, default=code == now)
        for code in dict.fromkeys([now, *offered])
    ]
    label = words("mission.card.decides")
    return [Select(AREA, "decides", label, options, id=mission.id, owner=mission.owner_id)]


def _quorum_label(parts: Sequence[Part], words: Words, me: int | None) -> str:
    """Return a quorum as a choice shows it, where nobody can be mentioned."""
    if parts == (Part(f"person:{me}"),):
        return words("mission.part.me")
    named = {"role": "mission.part.some_role", "person": "mission.part.somebody"}
    kinds = [part.who.partition(":")[0] for part in parts]
    told = [
        words(named[kind]) if kind in named else words(f"mission.part.{kind}", count=part.count)
        for kind, part in zip(kinds, parts, strict=True)
    ]
    text = told[0] if len(told) == 1 else words("mission.part.and", first=join(", ", told[:-1]), last=told[-1])
    return plain(text)[:1].upper() + plain(text)[1:]


def _mission_buttons(mission: Mission, words: Words) -> list[Row]:
    def button(action: str, style: Style = Style.SECONDARY) -> Button:
        label = words(f"mission.button.{action}")
        return Button(AREA, action, label, id=mission.id, style=style, owner=mission.owner_id)

    if mission.deleted_at is not None:
        return [[button("restore", Style.PRIMARY)]]
    running = mission.state is LifeState.ACTIVE
    first = [
        *([button("run", Style.PRIMARY), button("pause")] if running else [button("resume", Style.PRIMARY)]),
        button("edit"),
        button("history"),
        button("delete"),
    ]
    second = [] if mission.state is LifeState.DONE else [button("finish")]
    if mission.is_studio:
        second.append(Button(AREA, "file", words("mission.button.file"), id=mission.id, owner=mission.owner_id))
    return [first, second] if second else [first]


def run_lines(
    runs: Sequence[Iteration], steps: Sequence[Step], words: Words, events: Sequence[StepEvent] = ()
) -> list[str]:
    """Return runs and their steps as lines: who did what, and why; with `events` when each thing happened."""
    lines: list[str] = []
    for run in runs:
        state = words(f"mission.run_state.{run.status}")
        lines.append(
            words("mission.line.run", number=run.number, state=state, when=run.started_at, summary=run_lead(run, words))
        )
        for step in steps:
            if step.iteration_id == run.id:
                lines.append(step_line(step, words))
                lines += trail([event for event in events if event.step_id == step.id], words)
    return lines


def trail(events: Sequence[StepEvent], words: Words) -> list[Text]:
    """Return when each thing happened to a step and by whom, as one line; none where nothing did."""
    told = [
        words("mission.line.event", state=words(f"mission.event.{one.after}"), who=one.actor_name, when=one.at)
        for one in events
        if one.after is not StepState.EXECUTING
    ]
    return [join(" · ", told)] if told else []


def step_line(step: Step, words: Words) -> Text:
    """Return one step: its state, who decided, the reason given."""
    what = line(step.preview.title, words)
    state = words(f"mission.step_state.{step.status}")
    if step.decided_name:
        told = words("mission.line.step_by", label=step.label, what=what, state=state, who=step.decided_name)
    else:
        told = words("mission.line.step", label=step.label, what=what, state=state)
    why = step.reason or step.rationale
    return told + words("mission.line.why", why=why)


def cadence_text(stored: str, words: Words) -> Text:
    """Return when a mission runs, in words."""
    cadence = parse_cadence(stored, 0)
    if cadence.event is not None:
        return words(f"mission.cadence.on_{cadence.event}")
    match cadence.rule:
        case None:
            return words("mission.cadence.manual")
        case Daily(at):
            return words("mission.cadence.daily", time=f"{at:%H:%M}")
        case Weekly(days, at):
            names = join(", ", [words(f"mission.day.{day}") for day in sorted(days)])
            return words("mission.cadence.weekly", days=names, time=f"{at:%H:%M}")
        case EveryMinutes(minutes):
            return words("mission.cadence.every", count=minutes)
        case Cron(expression):
            return words("mission.cadence.cron", expression=expression)
        case Once(at):
            return words("mission.cadence.once", when=f"{at:%Y-%m-%d %H:%M}")


def next_text(mission: Mission, schedule: Schedule | None, words: Words) -> Text:
    """Return when it runs next."""
    if mission.paused_until is not None:
        return words("mission.next.paused", when=mission.paused_until)
    if schedule is None or schedule.next_run_at is None:
        return words("mission.next.none")
    return words("mission.next.at", when=schedule.next_run_at)


def mission_line(mission: Mission, schedule: Schedule | None, words: Words) -> Text:
    """Return a mission in a list."""
    state = words(f"mission.life.{mission.state}")
    when = next_text(mission, schedule, words)
    told = words("mission.line.mission", code=mission.code, title=mission.title, state=state, next=when)
    return join(" · ", [told, words("card.studio_owned")]) if mission.is_studio else told


def stats_card(stats: MissionStats, title: str | None, words: Words, owner: int) -> Card:
    """Return accept rates, tokens, cost and the time to a decision."""
    facts = [
        Fact(
            words("mission.stats.runs"),
            words("mission.stats.runs_text", count=stats.iterations, nothing=stats.nothing, stopped=stats.failed),
        ),
        Fact(words("mission.stats.tokens"), f"{stats.tokens:,}"),
        Fact(words("mission.stats.cost"), _cost(stats, words)),
    ]
    if stats.median_decision is not None:
        facts.append(Fact(words("mission.stats.decision"), _span(stats.median_decision, words)))
    lines = []
    for tool in stats.tools:
        if tool.percent is None:
            lines.append(words("mission.stats.tool_open", tool=tool_name(tool.tool, words), count=tool.proposed))
        else:
            lines.append(
                words(
                    "mission.stats.tool",
                    tool=tool_name(tool.tool, words),
                    percent=tool.percent,
                    accepted=tool.accepted,
                    decided=tool.accepted + tool.rejected,
                    edited=tool.edited,
                )
            )
        if tool.resting:
            lines.append(words("mission.stats.resting", tool=tool_name(tool.tool, words)))
    resting = [tool.tool for tool in stats.tools if tool.resting][:3]
    rows = [
        [
            Button(
                AREA, "switch-on", words("mission.button.switch_on", tool=tool_name(tool, words)), id=tool, owner=owner
            )
            for tool in resting
        ]
    ]
    return Card(
        title=title or words("mission.stats.title"),
        lead=words("mission.stats.lead"),
        facts=facts,
        sections=[Section(words("mission.stats.tools"), lines or [words("mission.stats.none")])],
        rows=rows if resting else [],
    )


def _cost(stats: MissionStats, words: Words) -> Text:
    told = words("mission.stats.usd", amount=f"{stats.cost_microusd / 1_000_000:.4f}")
    return told + words("mission.stats.unknown", count=stats.unknown_costs) if stats.unknown_costs else told


def _span(span: timedelta, words: Words) -> Text:
    minutes = round(span.total_seconds() / 60)
    if minutes < 120:
        return words("mission.stats.minutes", count=minutes)
    return words("mission.stats.hours", count=round(minutes / 60))


def notice_card(code: str, view: MissionView, words: Words) -> Card:
    """Return the one message that a mission's owner gets of something."""
    told = words(f"mission.notice.{code}", mission=view.mission.title)
    show = Button(AREA, "show", words("mission.button.show"), id=view.mission.id, owner=view.mission.owner_id)
    return note(told, [show])


def message_card(text: str, view: MissionView, words: Words) -> Card:
    """Return what a mission wrote into its channel."""
    meta = [words("mission.message.meta", agent=view.agent.name, mission=view.mission.title)]
    return Card(title=view.mission.title, lead=text, meta=meta)


def with_next(card: Card, words: Words) -> Card:
    """Return a decided card with the way on to the next proposal."""
    button = Button(AREA, "review", words("mission.button.next"))
    return replace(card, rows=[*card.rows, [button]])
