"""The panel of agents: what each may do, its budget, and the switch that stops everything at once."""

from dataclasses import replace

from bot.errors import NotFound, Refused
from bot.missions.area import MissionArea
from bot.missions.cards import tool_name
from bot.missions.model import Agent, LifeState, Policy
from bot.missions.policy import policy_of
from bot.missions.service import AgentView
from bot.missions.tools import Catalogue
from bot.say.card import Accent, Button, Card, Fact, Option, Row, Section, Select, State, Style, join
from bot.say.words import Words
from bot.studio.roles import Does
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form
from cogs.coach.support import own_words


def _area(turn: Turn) -> MissionArea:
    return turn.services.missions


def agents_card(view: AgentView, catalogue: Catalogue, words: Words, agent_id: str | None = None) -> Card:
    """Return the panel: one agent with its policies; the others in a list; Pause all."""
    agent = next((one for one in view.agents if one.id == agent_id), view.agents[0])
    stopped = all(one.state is not LifeState.ACTIVE for one in view.agents)
    state = State(
        words(f"mission.life.{agent.state}"),
        "🔵" if agent.state is LifeState.ACTIVE else "⏸️",
        Accent.GOOD if agent.state is LifeState.ACTIVE else Accent.IDLE,
    )
    tokens = agent.max_tokens_per_day
    facts = [
        Fact(words("mission.agents.missions"), str(view.missions.get(agent.id, 0))),
        Fact(
            words("mission.agents.budget"),
            words("mission.agents.budget_default")
            if tokens is None
            else words("mission.agents.budget_text", tokens=f"{tokens:,}"),
        ),
    ]
    return Card(
        title=words("mission.agents.title", name=agent.name),
        state=state,
        lead=agent.role_text or words("mission.agents.lead"),
        facts=facts,
        sections=[Section(words("mission.agents.policies"), _policies(agent, view, catalogue, words))],
        rows=_rows(view, agent, catalogue, words, stopped),
    )


def _policies(agent: Agent, view: AgentView, catalogue: Catalogue, words: Words) -> list[str]:
    lines: list[str] = []
    for policy in Policy:
        known = [tool for tool in catalogue if tool.name in view.policies]
        tools = [tool.name for tool in known if policy_of(tool.name, tool.default, agent.policies) is policy]
        if tools:
            lines.append(words(f"mission.policy.{policy}", tools=join(", ", tools)))
    if view.resting:
        lines.append(words("mission.agents.resting", tools=join(", ", [tool_name(one, words) for one in view.resting])))
    return lines


def _rows(view: AgentView, agent: Agent, catalogue: Catalogue, words: Words, stopped: bool) -> list[Row]:
    owner = agent.owner_id
    rows: list[Row] = [
        Select(
            "mission",
            "policy-area",
            words("mission.agents.pick_area"),
            [
                Option(words(f"mission.area.{name}"), name)
                for name in dict.fromkeys(tool.area for tool in catalogue if tool.name in view.policies)
            ],
            id=agent.id,
            owner=owner,
        )
    ]
    if len(view.agents) > 1:
        options = [Option(one.name[:100], one.id, default=one.id == agent.id) for one in view.agents[:25]]
        rows.append(Select("mission", "agent-pick", words("mission.agents.pick"), options, owner=owner))
    switch = (
        Button("mission", "resume-all", words("mission.button.resume_all"), style=Style.PRIMARY, owner=owner)
        if stopped
        else Button("mission", "pause-all", words("mission.button.pause_all"), style=Style.DANGER, owner=owner)
    )
    toggle = "agent-pause" if agent.state is LifeState.ACTIVE else "agent-resume"
    label = words("mission.button.pause") if toggle == "agent-pause" else words("mission.button.resume")
    rows.append(
        [
            switch,
            Button("mission", toggle, label, id=agent.id, owner=owner),
            Button("mission", "agent-edit", words("mission.button.edit"), id=agent.id, owner=owner),
            Button("mission", "agent-new", words("mission.button.agent_new"), owner=owner),
        ]
    )
    return rows


async def _panel(turn: Turn, agent_id: str | None = None) -> Card:
    area = _area(turn)
    return agents_card(await area.service.agents(turn.actor, turn.owner), area.catalogue, turn.words, agent_id)


async def _agent(turn: Turn, agent_id: str) -> Agent:
    view = await _area(turn).service.agents(turn.actor, turn.owner)
    found = next((one for one in view.agents if one.id == agent_id), None)
    if found is None:
        raise NotFound("agent", "/mission agents")
    return found


@control("mission", "agent-pick", does=Does.SEE)
async def agent_pick(press: Press) -> None:
    """Show another agent."""
    await press.update(await _panel(press, press.values[0]))


@control("mission", "pause-all")
async def pause_all(press: Press) -> None:
    """Stop everything at once."""
    stopped, withdrawn = await _area(press).service.pause_all(press.actor, press.owner)
    card = await _panel(press)
    told = [press.words("mission.told.paused_all", count=stopped)]
    if withdrawn:
        told.append(press.words("mission.told.withdrawn_all", count=withdrawn))
    told.append(press.words("mission.told.nothing_runs"))
    await press.update(replace(card, meta=[join(" ", told)]))


@control("mission", "resume-all")
async def resume_all(press: Press) -> None:
    """Start all paused agents again."""
    started = await _area(press).service.resume_all(press.actor, press.owner)
    card = await _panel(press)
    await press.update(replace(card, meta=[press.words("mission.told.resumed_all", count=started)]))


@control("mission", "agent-pause")
async def agent_pause(press: Press) -> None:
    """Stop one agent."""
    await _area(press).service.set_agent_state(press.actor, press.owner, press.id, LifeState.PAUSED)
    await press.update(await _panel(press, press.id))


@control("mission", "agent-resume")
async def agent_resume(press: Press) -> None:
    """Start one agent."""
    await _area(press).service.set_agent_state(press.actor, press.owner, press.id, LifeState.ACTIVE)
    await press.update(await _panel(press, press.id))


@control("mission", "policy-area", opens_form=True)
async def policy_area(press: Press) -> None:
    """Ask for the policies of an area's tools."""
    area, words = _area(press), press.words
    agent = await _agent(press, press.id)
    name = press.values[0]
    tools = [tool.name for tool in area.catalogue if tool.area == name]
    targets = [Option(words("mission.agents.whole_area"), name, default=True)]
    targets += [Option(tool_name(tool, words), tool) for tool in tools[:24]]
    policies = [Option(words(f"mission.policy_word.{policy}"), str(policy)) for policy in Policy]
    policies.append(Option(words("mission.policy_word.default"), "default"))
    now = agent.policies.get(name)
    fields = [
        Field("tool", words("mission.form.tool"), kind=FieldKind.SELECT, options=targets, value=name),
        Field(
            "policy",
            words("mission.form.policy"),
            kind=FieldKind.RADIO,
            options=policies,
            value=str(now) if now else "default",
        ),
    ]
    title = words("mission.form.policy_title", area=words(f"mission.area.{name}"))
    await press.open(Form("mission", "policy-save", title, fields, id=press.id))


@form("mission", "policy-save")
async def policy_save(submit: Submit) -> None:
    """Keep a policy."""
    tool, chosen = submit.values.choice("tool") or "", submit.values.choice("policy") or "default"
    policy = None if chosen == "default" else Policy(chosen)
    await _area(submit).service.set_policy(submit.actor, submit.owner, submit.id, tool, policy)
    card = await _panel(submit, submit.id)
    await submit.update(replace(card, meta=[submit.words("card.saved")]))


@control("mission", "agent-edit", opens_form=True)
async def agent_edit(press: Press) -> None:
    """Open an agent's form."""
    agent, words = await _agent(press, press.id), press.words
    tokens = "" if agent.max_tokens_per_day is None else str(agent.max_tokens_per_day)
    fields = [
        Field(
            "role",
            words("mission.form.role"),
            words("mission.form.role_help"),
            kind=FieldKind.PARAGRAPH,
            value=agent.role_text,
            required=False,
            max_length=1000,
        ),
        Field(
            "tokens",
            words("mission.form.tokens"),
            words("mission.form.tokens_help"),
            value=tokens,
            required=False,
            max_length=9,
        ),
    ]
    await press.open(Form("mission", "agent-save", words("mission.form.agent", name=agent.name), fields, id=press.id))


@own_words("mission", "agent-save")
async def agent_save(submit: Submit) -> None:
    """Change an agent."""
    typed = submit.values.text("tokens").replace(",", "").replace(" ", "")
    if typed and not typed.isdecimal():
        raise Refused("mission_tokens", typed=typed)
    await _area(submit).service.edit_agent(
        submit.actor,
        submit.owner,
        submit.id,
        role_text=submit.values.text("role"),
        max_tokens_per_day=int(typed) if typed else None,
    )
    await submit.update(await _panel(submit, submit.id))


@control("mission", "agent-new", opens_form=True)
async def agent_new(press: Press) -> None:
    """Open the form of a new agent."""
    words = press.words
    fields = [
        Field("name", words("mission.form.agent_name"), max_length=40),
        Field(
            "role",
            words("mission.form.role"),
            words("mission.form.role_help"),
            kind=FieldKind.PARAGRAPH,
            required=False,
            max_length=1000,
        ),
    ]
    await press.open(Form("mission", "agent-add", words("mission.form.agent_new"), fields))


@own_words("mission", "agent-add")
async def agent_add(submit: Submit) -> None:
    """Make an agent."""
    agent = await _area(submit).service.new_agent(
        submit.actor, submit.owner, submit.values.text("name"), submit.values.text("role")
    )
    await submit.update(await _panel(submit, agent.id))
