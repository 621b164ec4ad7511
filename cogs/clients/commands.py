"""`/client`: who the server works for. Commands, the page card, and what is filed; people are in the file beside it."""

from collections.abc import Sequence

from discord import app_commands

from bot.client import StudioBot
from bot.clients.cards import client_card, client_line
from bot.clients.model import Client, ClientDraft, ClientKind, ClientRole, ClientState
from bot.clients.service import Saved
from bot.clients.shown import CLIENT_FORM
from bot.say.card import Button, Card, Line, Option, Section, Text, join, note
from bot.say.words import Words
from bot.studio.roles import Does, Role
from bot.ui.base import Interaction, Press, Submit, Turn
from bot.ui.commands import StudioCog, choices, group, verb
from bot.ui.common import undo_button
from bot.ui.confirm import check_name, name_form
from bot.ui.controls import control, form
from bot.ui.inputs import Changed, Field, FieldKind, Form
from bot.ui.merging import overtaken_lines
from bot.ui.pager import Page, Pager
from bot.ui.places import must_be_seen
from cogs.clients import digest as client_digest
from cogs.clients import handover as client_handover
from cogs.clients import people as client_people
from cogs.clients import work as client_work
from cogs.clients.export import send_export
from cogs.clients.which import MORE, NONE, ClientOption, filing_select
from cogs.studio.setup import read_zone

PARTS = (client_people, client_work, client_digest, client_handover)
ClientChoice = app_commands.Transform[str, ClientOption]


@group("client", where="SDU")
class Clients(StudioCog):
    """The commands of clients."""

    @verb("list", where="S", does=Does.SEE)
    @choices("state", ["active", "archived", "bin"])
    async def list_(self, interaction: Interaction, state: str = "active") -> None:
        turn = Turn.of(interaction)
        await turn.act_for(turn.server, "client", Does.SEE)
        await turn.reply(await clients_page.show(turn, state))

    @verb("show", does=Does.SEE)
    async def show(self, interaction: Interaction, client: ClientChoice) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await page_card(turn, client))

    @verb("new", where="S", opens_form=True)
    async def new(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        await turn.act_for(turn.server, "client", Does.EDIT)
        zone = (await turn.services.studio.zone(turn.server)).key
        await turn.open(client_form(turn.words, "add", None, zone))

    @verb("edit", where="S", opens_form=True)
    async def edit(self, interaction: Interaction, client: ClientChoice) -> None:
        turn = Turn.of(interaction)
        found = await self.services.clients.get(turn.owner, client)
        await turn.open(client_form(turn.words, "save", found, found.zone))

    @verb("invite", where="S")
    async def invite(self, interaction: Interaction, client: ClientChoice) -> None:
        await client_people.show_invite(Turn.of(interaction), client)

    @verb("join", is_door=True)
    async def join(self, interaction: Interaction, code: app_commands.Range[str, 1, 40]) -> None:
        await client_people.join(Turn.of(interaction), code)

    @verb("export", where="S", does=Does.DELETE)
    async def export(self, interaction: Interaction, client: ClientChoice) -> None:
        await send_export(Turn.of(interaction), client)

    @verb("archive", where="S", does=Does.DELETE)
    async def archive(self, interaction: Interaction, client: ClientChoice) -> None:
        turn = Turn.of(interaction)
        saved = await self.services.clients.archive(turn.actor, turn.owner, client)
        await turn.reply(_told(turn, "client.told.archived", saved))

    @verb("delete", where="S", opens_form=True, does=Does.DELETE)
    async def delete(self, interaction: Interaction, client: ClientChoice) -> None:
        turn = Turn.of(interaction)
        found = await self.services.clients.get(turn.owner, client)
        await turn.open(name_form(turn.words, "client", "delete", found.id, found.name))


async def page_card(turn: Turn, client_id: str) -> Card:
    """Return a client's card, as much of it as this person may see."""
    clients = turn.services.clients
    view = await clients.overview(turn.owner, client_id)
    role = await turn.services.studio.role(await turn.standing_with(turn.owner))
    return client_card(
        view,
        turn.words,
        turn.now,
        is_lead=role is Role.LEAD,
        lines=clients.rules.lines_shown,
        theirs=next((one for one in view.people if one.user_id == turn.person), None) if role is Role.CLIENT else None,
    )


# ---------------------------------------------------------------------- lists


async def _count(turn: Turn, state: str) -> int:
    return len(await _found(turn, state))


async def _found(turn: Turn, state: str) -> Sequence[Client]:
    clients = turn.services.clients
    return await (clients.binned(turn.owner) if state == "bin" else clients.listed(turn.owner, ClientState(state)))


async def _rows(turn: Turn, state: str, offset: int, limit: int) -> Sequence[Client]:
    return (await _found(turn, state))[offset : offset + limit]


def _page_card(page: Page[Client], words: Words) -> Card:
    title = words(f"client.list.title_{page.filter}", count=page.total)
    in_bin = page.filter == "bin"
    action = "restore" if in_bin else "show"
    lines = [
        Line(
            client_line(client, words),
            Button("client", action, words(f"client.button.{action}"), client.id, owner=client.owner_id),
        )
        for client in page.rows
    ]
    return Card(title, sections=[Section(None, lines)])


clients_page = Pager(
    "client",
    "list",
    _count,
    _rows,
    _page_card,
    lambda state, words: note(words(f"client.list.empty_{state}")),
    per_page=8,
)


# ---------------------------------------------------------------------- forms


def client_form(words: Words, action: str, client: Client | None, zone: str) -> Form:
    """Return the form of a client: name, kind, role, zone, channel."""
    kind = client.kind if client else ClientKind.ARTIST
    role = client.role if client else ClientRole.ARTIST
    title = words("client.form.edit", name=client.name) if client else words("client.form.new")
    return Form(
        "client",
        action,
        title,
        [
            Field("name", words("client.form.name"), value=client.name if client else None, max_length=80),
            Field(
                "kind",
                words("client.form.kind"),
                kind=FieldKind.SELECT,
                options=[Option(words(f"client.kind.{one.value}"), one.value) for one in ClientKind],
                value=kind.value,
            ),
            Field(
                "role",
                words("client.form.role"),
                words("client.form.role_help"),
                kind=FieldKind.SELECT,
                options=[Option(words(f"client.role.{one.value}"), one.value) for one in ClientRole],
                value=role.value,
            ),
            Field("zone", words("client.form.zone"), words("studio.me.zone_help"), value=zone, max_length=60),
            Field(
                "channel",
                words("client.form.channel"),
                words("client.form.channel_help"),
                kind=FieldKind.CHANNEL,
                value=str(client.channel_id) if client and client.channel_id else None,
                required=False,
            ),
        ],
        id=client.id if client else "-",
    )


async def _draft(submit: Submit, changed: Changed) -> ClientDraft:
    """Return what was changed in the form. Raises Refused for a channel that I can't see and an unknown zone."""
    chosen, zone = changed.choice("channel"), changed.text("zone")
    kind, role = changed.choice("kind"), changed.choice("role")
    channel = int(chosen) if chosen else None
    await must_be_seen(submit, channel)
    return ClientDraft(
        name=changed.text("name"),
        kind=ClientKind(kind) if kind else None,
        role=ClientRole(role) if role else None,
        zone=read_zone(zone, submit) if zone is not None else None,
        channel_id=channel,
        clears_channel="channel" in changed and channel is None,
    )


@form("client", "add")
async def add(submit: Submit) -> None:
    """Make the client that the form says."""
    draft = await _draft(submit, Changed(submit.values, None))
    saved = await submit.services.clients.create(submit.actor, submit.owner, draft, key=submit.key)
    await submit.reply(await page_card(submit, saved.client.id))


@form("client", "save")
async def save(submit: Submit) -> None:
    """Change a client to what the form says."""
    await _edited(submit, await _draft(submit, submit.changed))


async def _edited(submit: Submit, draft: ClientDraft) -> None:
    """Change a client and say so, with what somebody else had set meanwhile."""
    saved = await submit.services.clients.edit(submit.actor, submit.owner, submit.id, draft)
    lines = await overtaken_lines(submit, saved.group_id, submit.id, saved.client.name, CLIENT_FORM)
    await submit.reply(_told(submit, "client.told.changed", saved, *lines), ephemeral=True)


@form("client", "save-details")
async def save_details(submit: Submit) -> None:
    """Change a client's colour and the notes that stay inside."""
    await _edited(submit, ClientDraft(colour=submit.changed.text("colour"), notes=submit.changed.text("notes")))


@form("client", "delete", does=Does.DELETE)
async def delete_client(submit: Submit) -> None:
    """Put a client into the bin once its name was typed; its plans stay."""
    clients = submit.services.clients
    check_name(submit, (await clients.get(submit.owner, submit.id)).name)
    saved = await clients.delete(submit.actor, submit.owner, submit.id)
    await submit.reply(_told(submit, "client.told.deleted", saved), ephemeral=True)


# ---------------------------------------------------------------------- presses


@control("client", "show", does=Does.SEE)
async def show(press: Press) -> None:
    """Show a client's card."""
    await press.reply(await page_card(press, press.id), ephemeral=True)


@control("client", "edit", opens_form=True)
async def edit(press: Press) -> None:
    """Open the form of a client."""
    found = await press.services.clients.get(press.owner, press.id)
    await press.open(client_form(press.words, "save", found, found.zone))


@control("client", "details", opens_form=True)
async def details(press: Press) -> None:
    """Open the form of what stays inside: colour and notes."""
    found, words = await press.services.clients.get(press.owner, press.id), press.words
    fields = [
        Field(
            "colour",
            words("client.form.colour"),
            words("client.form.colour_help"),
            value=found.colour,
            required=False,
            max_length=7,
        ),
        Field(
            "notes",
            words("client.form.notes"),
            words("client.form.notes_help"),
            kind=FieldKind.PARAGRAPH,
            value=found.notes,
            required=False,
            max_length=2000,
        ),
    ]
    await press.open(Form("client", "save-details", words("client.form.edit", name=found.name), fields, id=press.id))


@control("client", "archive", does=Does.DELETE)
async def archive(press: Press) -> None:
    """Put a client away."""
    saved = await press.services.clients.archive(press.actor, press.owner, press.id)
    await press.reply(_told(press, "client.told.archived", saved), ephemeral=True)


@control("client", "unarchive", does=Does.DELETE)
async def unarchive(press: Press) -> None:
    """Take a client out of the archive."""
    saved = await press.services.clients.unarchive(press.actor, press.owner, press.id)
    await press.reply(_told(press, "client.told.unarchived", saved), ephemeral=True)


@control("client", "delete", opens_form=True, does=Does.DELETE)
async def ask_delete(press: Press) -> None:
    """Ask for the name before a client is deleted."""
    found = await press.services.clients.get(press.owner, press.id)
    await press.open(name_form(press.words, "client", "delete", found.id, found.name))


@control("client", "restore", does=Does.DELETE)
async def restore(press: Press) -> None:
    """Take a client out of the bin."""
    saved = await press.services.clients.restore(press.actor, press.owner, press.id)
    await press.update(_told(press, "client.told.restored", saved))


@control("client", "file", does=Does.SEE)
async def file_under(press: Press) -> None:
    """File what the select stands for under the client that was chosen."""
    await press.act_for(press.owner, press.arg, Does.EDIT)
    wanted = press.values[0]
    if wanted.startswith(MORE):
        page, _, now = wanted.removeprefix(MORE).partition(":")
        select = await filing_select(press, press.arg, press.id, press.owner, now or None, int(page))
        rows = [select] if select else []
        await press.update(Card(press.words("client.file.pick"), quiet=True, rows=rows))
        return
    chosen = None if wanted == NONE else wanted
    client, group_id = await press.services.clients.file_under(press.actor, press.owner, press.arg, press.id, chosen)
    told = press.words("client.told.filed", name=client.name) if client else press.words("client.told.unfiled")
    await press.update(note(told, [undo_button(press, group_id)]))


def _told(turn: Turn, key: str, saved: Saved, *lines: Text) -> Card:
    told = join("\n", [turn.words(key, name=saved.client.name), *lines])
    return note(told, [undo_button(turn, saved.group_id)]) if saved.group_id else note(told)


async def setup(bot: StudioBot) -> None:
    await bot.add_cog(Clients(bot))


controls = clients_page.controls
"""What the pager declares; the client finds the rest through the modules."""
