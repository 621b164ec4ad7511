"""The command map: every name of the specification is there, says what it does, and says where it works."""

from discord import app_commands

from bot.ui.commands import verb_of
from tests.product import Product

EXPECTED = {
    "loop": "list show new edit switch clip done next suggest summary timeline insights export exports import "
    "duplicate archive unarchive delete",
    "bounce": "list show new edit delete folder",
    "mission": "list show new edit delete pause resume run review history undo stats agents",
    "coach": "start profile plan task checkin goals goal log progress insights history habits routines remind "
    "reminders load phase rest pause resume support",
    "release": "list show new edit delete task move presets calendar",
    "digest": "show list edit pause resume export",
    "studio": "setup health settings me undo inbox about backup",
    "studio privacy": "show export delete",
}


async def test_every_command_of_the_map_is_there_with_its_description(product: Product) -> None:
    found = {
        command.qualified_name: command
        for command in product.bot.tree.walk_commands()
        if isinstance(command, app_commands.Command)
    }
    wanted = {f"{group} {name}" for group, names in EXPECTED.items() for name in names.split()} | {"help"}
    assert wanted - set(found) == set()
    for name, command in found.items():
        assert 10 <= len(command.description) <= 100, name
        assert command.description != "…", name
        assert set(verb_of(command).where) <= set("SDU"), name
        for option in command.parameters:
            assert 1 <= len(str(option.description)) <= 100, f"{name} {option.name}"


async def test_a_plain_member_is_told_of_every_area_by_help(product: Product) -> None:
    ben = product.person("Ben")
    await ben.slash("/help")
    said = ben.sees()
    for area in ("loop", "bounce", "coach", "release", "digest"):
        assert area in said
