"""The set-up wizard and the server's settings panel: resumable, each step with Back, Skip and Next."""

from collections.abc import Mapping
from typing import cast

from bot.errors import Refused
from bot.say.card import Accent, Button, Card, Fact, Option, Section, Style, Text, raw
from bot.say.when import known_zone, search_zones
from bot.say.words import Words
from bot.studio.model import GuildSettings
from bot.studio.service import Saved
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form, FormValues
from bot.ui.items import Who
from bot.ui.places import must_be_seen
from cogs.studio.roles import roles_button

STEPS = ("channels", "roles", "time", "ai", "privacy", "test")
ROLES = ("lead_role", "member_role", "guest_role", "approver_role")
PURPOSES = ("bounces", "releases", "digest")
DAYS = 7
TOKEN_LIMITS = {
    "tokens": "ai_daily_tokens",
    "tokens_month": "ai_monthly_tokens",
    "server_tokens": "ai_server_daily_tokens",
    "server_tokens_month": "ai_server_monthly_tokens",
}
"""Fields of the form by name, and the settings that they are."""


async def open_setup(turn: Turn) -> None:
    """Show the wizard where it was left."""
    studio = turn.services.studio
    await studio.require_manager(turn.standing)
    settings = await studio.guild_settings(turn.server)
    await turn.reply(step_card(settings, turn, min(settings.setup_step, len(STEPS) - 1)))


def step_card(settings: GuildSettings, turn: Turn, number: int) -> Card:
    """Return one step: what it asks, what is set now, and the ways on."""
    words, step = turn.words, STEPS[number]
    back = Button(
        "studio",
        "step",
        words("studio.setup.back"),
        id=str(max(0, number - 1)),
        arg="back",
        disabled=number == 0,
        owner=turn.person,
    )
    if step == "test":
        row = [
            back,
            Button("studio", "test", words("studio.setup.test_button"), style=Style.PRIMARY, owner=turn.person),
            Button("studio", "finish", words("studio.setup.finish"), owner=turn.person),
        ]
    else:
        row = [
            back,
            Button("studio", "fill", words("studio.setup.choose"), id=step, style=Style.PRIMARY, owner=turn.person),
            Button("studio", "step", words("studio.setup.skip"), id=str(number + 1), arg="skip", owner=turn.person),
        ]
    return Card(
        words("studio.setup.title", number=number + 1, total=len(STEPS)),
        lead=words(f"studio.setup.{step}_lead"),
        facts=step_facts(settings, turn, step),
        meta=[words(f"studio.setup.{step}_default")] if step != "test" else [],
        rows=[row],
        accent=Accent.ACCENT,
    )


def step_facts(settings: GuildSettings, turn: Turn, step: str) -> list[Fact]:
    words = turn.words
    unset = words("studio.setup.unset")

    def channel(value: int | None) -> str:
        return raw(f"<#{value}>") if value else unset

    def role(value: int | None) -> str:
        return raw(f"<@&{value}>") if value else unset

    on, off = words("studio.on"), words("studio.off")
    match step:
        case "channels":
            return [Fact(words(f"studio.setup.{p}"), channel(getattr(settings, f"{p}_channel"))) for p in PURPOSES]
        case "roles":
            return [
                Fact(words("studio.setup.lead_role"), role(settings.lead_role)),
                Fact(words("studio.setup.member_role"), role(settings.member_role)),
                Fact(words("studio.setup.guest_role"), role(settings.guest_role)),
                Fact(words("studio.setup.approver_role"), role(settings.approver_role)),
            ]
        case "time":
            return [
                Fact(words("studio.setup.zone"), settings.timezone or unset),
                Fact(words("studio.setup.digest_time"), digest_text(settings, words)),
            ]
        case "ai":
            return [
                Fact(words("studio.setup.ai"), on if settings.ai_allowed else off),
                *(
                    Fact(words(f"studio.setup.{name}"), f"{most:,}" if most else words("studio.setup.tokens_none"))
                    for name, most in _token_limits(settings)
                ),
            ]
        case "privacy":
            kept = words("studio.setup.audio_kept" if settings.keep_audio else "studio.setup.audio_facts")
            return [Fact(words("studio.setup.audio"), kept)]
        case _:
            return []


def _token_limits(settings: GuildSettings) -> list[tuple[str, int]]:
    return [(name, getattr(settings, field)) for name, field in TOKEN_LIMITS.items()]


def digest_text(settings: GuildSettings, words: Words) -> Text:
    """Return when and where the server's digest comes, or why it does not."""
    if not settings.server_digest:
        return words("studio.off")
    day, hour = words(f"studio.day.{settings.digest_day}"), f"{settings.digest_hour:02}:00"
    if settings.digest_channel is None:
        return words("studio.setup.digest_nowhere", day=day, hour=hour)
    return words("studio.setup.digest_at", day=day, hour=hour, channel=raw(f"<#{settings.digest_channel}>"))


def settings_card(settings: GuildSettings, turn: Turn) -> Card:
    """Return all settings of the server on one card, one button a section."""
    words = turn.words
    steps = STEPS[:-1]
    sections = [
        Section(words(f"studio.setup.{step}_name"), [f for f in _lines(step_facts(settings, turn, step))])
        for step in steps
    ]
    buttons = [
        Button("studio", "change", words(f"studio.setup.{step}_name"), id=step, owner=turn.person) for step in steps
    ]
    return Card(
        words("studio.settings.title"),
        lead=words("studio.settings.lead"),
        sections=sections,
        rows=[buttons, [roles_button(turn)]],
    )


def _lines(facts: list[Fact]) -> list[str]:
    from bot.say.card import join

    return [join(": ", [fact.label, fact.value]) for fact in facts]


def step_form(settings: GuildSettings, turn: Turn, step: str, action: str) -> Form:
    """Return the form of a step, with the present values in it."""
    words = turn.words

    def pick(name: str, kind: FieldKind, value: int | None) -> Field:
        return Field(
            name, words(f"studio.setup.{name}"), kind=kind, value=str(value) if value else None, required=False
        )

    fields: list[Field]
    match step:
        case "channels":
            fields = [pick(p, FieldKind.CHANNEL, getattr(settings, f"{p}_channel")) for p in PURPOSES]
        case "roles":
            fields = [pick(name, FieldKind.ROLE, getattr(settings, name)) for name in ROLES]
        case "time":
            days = [Option(words(f"studio.day.{day}"), str(day)) for day in range(DAYS)]
            hours = [Option(f"{hour:02}:00", str(hour)) for hour in range(24)]
            fields = [
                Field(
                    "digest",
                    words("studio.setup.digest_time"),
                    words("studio.setup.digest_help"),
                    kind=FieldKind.RADIO,
                    options=[Option(words("studio.on"), "yes"), Option(words("studio.off"), "no")],
                    value="yes" if settings.server_digest else "no",
                ),
                Field(
                    "zone",
                    words("studio.setup.zone"),
                    words("studio.me.zone_help"),
                    value=settings.timezone,
                    max_length=60,
                ),
                Field(
                    "day",
                    words("studio.setup.digest_day"),
                    kind=FieldKind.SELECT,
                    options=days,
                    value=str(settings.digest_day),
                ),
                Field(
                    "hour",
                    words("studio.setup.digest_hour"),
                    kind=FieldKind.SELECT,
                    options=hours,
                    value=str(settings.digest_hour),
                ),
            ]
        case "ai":
            yes_no = [Option(words("studio.on"), "yes"), Option(words("studio.off"), "no")]
            chosen = "yes" if settings.ai_allowed else "no"
            fields = [
                Field(
                    "ai",
                    words("studio.setup.ai"),
                    words("studio.setup.ai_help"),
                    kind=FieldKind.RADIO,
                    options=yes_no,
                    value=chosen,
                ),
                *(
                    Field(
                        name,
                        words(f"studio.setup.{name}"),
                        words("studio.setup.tokens_help"),
                        value=str(most),
                        max_length=12,
                    )
                    for name, most in _token_limits(settings)
                ),
            ]
        case _:
            kinds = [Option(words("studio.setup.audio_facts"), "no"), Option(words("studio.setup.audio_kept"), "yes")]
            chosen = "yes" if settings.keep_audio else "no"
            fields = [Field("audio", words("studio.setup.audio"), kind=FieldKind.RADIO, options=kinds, value=chosen)]
    return Form("studio", action, words(f"studio.setup.{step}_name"), fields, id=step)


def read_step(step: str, values: FormValues, turn: Turn) -> Mapping[str, object]:
    """Return the settings that a sent form names. Raises Refused for an unknown time zone."""

    def number(name: str) -> int | None:
        chosen = values.choice(name)
        return int(chosen) if chosen else None

    match step:
        case "channels":
            return {f"{purpose}_channel": number(purpose) for purpose in PURPOSES}
        case "roles":
            return {name: number(name) for name in ROLES}
        case "time":
            zone = read_zone(values.text("zone"), turn)
            return {
                "timezone": zone,
                "server_digest": values.choice("digest") == "yes",
                "digest_day": number("day") or 0,
                "digest_hour": number("hour") or 0,
            }
        case "ai":
            limits = {field: read_tokens(values.text(name)) for name, field in TOKEN_LIMITS.items()}
            return {"ai_allowed": values.choice("ai") == "yes", **limits}
        case _:
            return {"keep_audio": values.choice("audio") == "yes"}


async def _read_seen(submit: Submit) -> Mapping[str, object]:
    """Return what a sent step says. Raises Refused for a channel that I can't see."""
    values = read_step(submit.id, submit.values, submit)
    if submit.id == "channels":
        await must_be_seen(submit, *(cast("int | None", value) for value in values.values()))
    return values


def read_tokens(typed: str) -> int:
    """Return a number of tokens. Raises Refused for anything else."""
    digits = typed.replace(",", "").replace(" ", "")
    if not (digits.isascii() and digits.isdecimal()):
        raise Refused("studio_tokens", typed=typed)
    return int(digits)


def read_zone(typed: str, turn: Turn) -> str:
    """Return the one zone that was meant. Raises Refused naming a few that perhaps were."""
    if known_zone(typed) is not None:
        return typed
    found = search_zones(typed, turn.now, turn.words.locale)
    if len(found) == 1:
        return found[0].value
    suggestions = ", ".join(option.value for option in found[:3]) or "Europe/London, America/New_York"
    raise Refused("studio_zone", typed=typed, suggestions=suggestions)


# ---------------------------------------------------------------------- presses


@control("studio", "fill", opens_form=True)
async def fill(press: Press) -> None:
    settings = await press.services.studio.guild_settings(press.server)
    await press.open(step_form(settings, press, press.id, "fill"))


@form("studio", "fill")
async def filled(submit: Submit) -> None:
    number = STEPS.index(submit.id) + 1
    values = dict(await _read_seen(submit)) | {"setup_step": number}
    saved = await _save(submit, values)
    await submit.update(step_card(saved.settings, submit, number))


@control("studio", "step")
async def step(press: Press) -> None:
    number = int(press.id)
    saved = await _save(press, {"setup_step": number})
    await press.update(step_card(saved.settings, press, number))


@control("studio", "change", opens_form=True)
async def change(press: Press) -> None:
    settings = await press.services.studio.guild_settings(press.server)
    await press.open(step_form(settings, press, press.id, "change"))


@form("studio", "change")
async def changed(submit: Submit) -> None:
    from dataclasses import replace

    saved = await _save(submit, await _read_seen(submit))
    card = settings_card(saved.settings, submit)
    rows = list(card.rows)
    if saved.group_id is not None:
        rows.append([Button("studio", "undo-setting", submit.words("card.undo"), id=saved.group_id)])
    await submit.update(replace(card, meta=[submit.words("card.saved")], rows=rows))


@control("studio", "test")
async def test(press: Press) -> None:
    """Post a test card to each chosen channel and say what is missing where."""
    from bot.ui.cards import layout
    from cogs.studio.access import channel_access

    words = press.words
    access = await channel_access(press)
    lines: list[str] = []
    for channel in access:
        place = raw(f"<#{channel.channel_id}>")
        if not channel.exists:
            lines.append(words("studio.setup.test_gone", purpose=channel.purpose))
        elif channel.missing:
            lines.append(words("studio.health.permissions", channel=place, missing=", ".join(channel.missing)))
        else:
            client = press.interaction.client
            target = client.get_partial_messageable(channel.channel_id, guild_id=press.guild)
            card = Card(words("studio.setup.test_title"), lead=words("studio.setup.test_text"))
            await target.send(view=layout(card, words))
            lines.append(words("studio.setup.test_ok", channel=place))
    settings = await press.services.studio.guild_settings(press.server)
    from dataclasses import replace

    shown = step_card(settings, press, len(STEPS) - 1)
    await press.update(replace(shown, sections=[Section(None, lines or [words("studio.setup.test_none")])]))


@control("studio", "finish", who=Who.OWNER)
async def finish(press: Press) -> None:
    await _save(press, {"setup_step": len(STEPS) - 1})
    words = press.words
    tries = [words(f"studio.setup.try_{number}") for number in (1, 2, 3)]
    await press.update(
        Card(words("studio.setup.done_title"), lead=words("studio.setup.done_lead"), sections=[Section(None, tries)])
    )


async def _save(turn: Turn, values: Mapping[str, object]) -> Saved[GuildSettings]:
    return await turn.services.studio.save_guild(turn.actor, turn.standing, turn.server, **values)
