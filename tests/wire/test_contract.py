"""What the product offers in the picker: every command says what it does, where it works and who may use it."""

from pathlib import Path

from bot.clock import FixedClock
from bot.local.model import CommandType
from tests.product import running


async def test_every_command_is_in_the_picker_with_description_permission_and_contexts(
    clock: FixedClock, tmp_path: Path
) -> None:
    async with running(tmp_path, clock) as product:
        ada, ben = product.ada, product.ben
        ada.install()
        world = product.server.world
        assert world.commands
        for command in world.commands.values():
            assert command.data["contexts"], command.name
            assert command.data["integration_types"], command.name
            place = ada.channel if 0 in command.data["contexts"] else world.conversation(ada.id, world.bot.id)
            assert command in ada.commands(place), command.name
            needed = command.data.get("default_member_permissions")
            assert (command in ben.commands(place)) is (needed is None), command.name
            if command.type != CommandType.SLASH:
                assert command.data.get("description", "") == ""
        for usage in ada.usages():
            assert 1 <= len(usage.description) <= 100, usage.name
            for option in usage.options:
                assert 1 <= len(option["description"]) <= 100, f"{usage.name} {option['name']}"
