"""What each role of a server may do with the studio's things, as the table says it."""

from bot.say.card import Button, Card, Section, join
from bot.say.words import Words
from bot.studio.roles import Does, Role, role_table
from bot.ui.base import Press, Turn
from bot.ui.controls import control

_EVERYWHERE = "ui"
"""The line of the table for what stands under every card; nobody has to be told of it."""
_ORDER = (Role.LEAD, Role.MEMBER, Role.GUEST, Role.CLIENT)


def roles_button(turn: Turn) -> Button:
    return Button("studio", "roles", turn.words("studio.roles.button"), owner=turn.person)


def roles_card(words: Words) -> Card:
    """Return the table, a section a role: what it may do with what."""
    table = role_table()
    sections = []
    for role in _ORDER:
        lines = [
            join(": ", [words(f"studio.roles.area.{area}"), _verbs([does for does in Does if does in rights], words)])
            for area, by_role in table.rights.items()
            if area != _EVERYWHERE and (rights := by_role.get(role))
        ]
        sections.append(
            Section(words(f"studio.roles.name.{role.value}"), [words(f"studio.roles.who.{role.value}"), *lines])
        )
    return Card(words("studio.roles.title"), lead=words("studio.roles.lead"), sections=sections)


def _verbs(verbs: list[Does], words: Words) -> str:
    return join(", ", [words(f"studio.roles.does.{does.value}") for does in verbs])


@control("studio", "roles")
async def show_roles(press: Press) -> None:
    await press.reply(roles_card(press.words), ephemeral=True)
