"""The Discord client: builds and loads, knows no feature.

No privileged intents, no caches of members or messages, nobody is ever pinged by default.
"""

import hashlib
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import discord
import structlog
from discord.ext import commands

from bot.clock import Clock
from bot.lifecycle import Supervisor
from bot.metrics import Metrics
from bot.ports import CommandStore
from bot.say.words import Catalogue
from bot.services import Services
from bot.ui import common, progress
from bot.ui.access import Access, OwnerAccess
from bot.ui.cards import UiRules, ui_rules
from bot.ui.commands import CatalogueTranslator, StudioTree, describe
from bot.ui.controls import Controls
from bot.ui.edge import Edge
from bot.ui.traffic import RefusedAnswers, watch_traffic

log = structlog.stdlib.get_logger(__name__)

COMMANDS_HASH = "commands.hash"
COMMANDS_IDS = "commands.ids"


class StudioBot(commands.AutoShardedBot):
    """The bot as discord.py sees it. `services` is what `bot.app.app` wired, by area."""

    def __init__(
        self,
        *,
        services: Services,
        clock: Clock,
        catalogue: Catalogue,
        supervisor: Supervisor,
        metrics: Metrics,
        store: CommandStore,
        extensions: Sequence[str],
        access: Access | None = None,
        operators: frozenset[int] = frozenset(),
        rules: UiRules | None = None,
        **options: Any,
    ) -> None:
        options.setdefault("max_ratelimit_timeout", 30.0)
        limits = rules or ui_rules()
        self.refused = RefusedAnswers(limits.refused_answers_stop, limits.refused_answers_window_s)
        super().__init__(
            command_prefix=(),
            help_command=None,
            tree_cls=StudioTree,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            http_trace=watch_traffic(metrics, self.refused),
            **options,
        )
        self.services = services
        self.operators = operators
        self.store = store
        self.supervisor = supervisor
        self.metrics = metrics
        self.token_was_refused = False
        self.keeps_commands = True
        """Off in a process that only works: putting commands in step is for the one people talk to."""
        self._wanted = tuple(extensions)
        self.controls = Controls()
        self.edge = Edge(
            services=services,
            clock=clock,
            catalogue=catalogue,
            rules=limits,
            controls=self.controls,
            supervisor=supervisor,
            metrics=metrics,
            access=access or OwnerAccess(),
        )

    async def setup_hook(self) -> None:
        """Load the cogs, register every control, put commands in step; runs once, before the gateway."""
        await self.load_all()
        await self.tree.set_translator(CatalogueTranslator(self.edge.catalogue))
        self.add_dynamic_items(*self.controls.dynamic_items())
        await self.sync_commands()
        self.edge.ready = True

    async def load_all(self) -> None:
        """Load cogs and collect their controls; needs no connection."""
        for module in (common, progress):
            self.controls.collect(module)
        for name in self._wanted:
            await self.load_extension(name)
            self.controls.collect(importlib.import_module(name))
        missing = describe(self.tree, self.edge.catalogue)
        if missing:
            log.warning("commands without a description", keys=missing)

    async def command_payload(self) -> list[dict[str, Any]]:
        """Return what Discord is told of the commands, translations included."""
        translator = self.tree.translator
        commands_ = sorted(
            self.tree._get_all_commands(guild=None),  # noqa: SLF001 - what sync itself sends
            key=lambda command: (type(command).__name__, command.name),
        )
        if translator is None:
            return [command.to_dict(self.tree) for command in commands_]
        return [await command.get_translated_payload(self.tree, translator) for command in commands_]

    async def sync_commands(self) -> bool:
        """Tell Discord about the commands if they changed since the last time; keep their mentions."""
        digest = payload_hash(await self.command_payload())
        known_ids = await self.store.get(COMMANDS_IDS)
        if not self.keeps_commands:
            self._keep_mentions(json.loads(known_ids or "{}"))
            return False
        if known_ids and await self.store.get(COMMANDS_HASH) == f"{self.application_id}:{digest}":
            self._keep_mentions(json.loads(known_ids))
            return False
        synced = await self.tree.sync()
        ids = {command.name: command.id for command in synced}
        self._keep_mentions(ids)
        await self.store.set(COMMANDS_IDS, json.dumps(ids))
        await self.store.set(COMMANDS_HASH, f"{self.application_id}:{digest}")
        log.info("commands put in step", count=len(synced))
        return True

    async def sync_difference(self) -> list[str]:
        """Return what a sync would change, one line a command: "+ loop", "- old", "~ coach"."""
        wanted = {str(command["name"]): command for command in await self.command_payload()}
        present = {command.name: command for command in await self.tree.fetch_commands()}
        lines = [f"+ {name}" for name in wanted if name not in present]
        lines += [f"- {name}" for name in present if name not in wanted]
        lines += [
            f"~ {name}"
            for name, command in present.items()
            if name in wanted and _shape(command.to_dict()) != _shape(wanted[name])
        ]
        return sorted(lines, key=lambda line: line[2:])

    def _keep_mentions(self, ids: Mapping[str, int]) -> None:
        self.edge.catalogue.links.replace(ids)
        for command in self.tree.walk_commands():
            known = ids.get(command.qualified_name.split(" ")[0])
            if known:
                command.extras["mention"] = f"</{command.qualified_name}:{known}>"

    async def on_ready(self) -> None:
        log.info("gateway ready", shards=len(self.shards), guilds=len(self.guilds))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Take every press and form that discord.py found no handler for."""
        if interaction.type is discord.InteractionType.component:
            await self.edge.press(interaction)
        elif interaction.type is discord.InteractionType.modal_submit:
            await self.edge.submit(interaction)

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        # discord.py calls this inside its except block.
        log.error("event handler broke", event_name=event_method, exc_info=sys.exc_info())

    def must_stop(self) -> bool:
        """Tell whether Discord refused so much that only people are still answered."""
        return self.refused.must_stop(self.loop.time())

    async def token_refused(self) -> None:
        """Stop: the token was revoked. The application exits with code 5."""
        self.token_was_refused = True
        await self.close()

    def stop_answering(self) -> None:
        """From now on people are told that the bot restarts."""
        self.edge.closing = True

    async def close(self) -> None:
        """Close in order: no new work, cogs, then the connection."""
        self.stop_answering()
        for name in list(self.extensions):
            try:
                await self.unload_extension(name)
            except commands.ExtensionError:
                log.exception("extension would not unload", extension=name)
        await super().close()


def payload_hash(payload: Sequence[Mapping[str, Any]]) -> str:
    """Return the fingerprint of a command payload.

    >>> payload_hash([{"b": 1, "a": 2}]) == payload_hash([{"a": 2, "b": 1}])
    True
    """
    return hashlib.sha256(json.dumps(payload, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _shape(command: Mapping[str, Any]) -> object:
    """Return the part of a command that both sides state: names, descriptions, options, types."""
    options = [_shape(option) for option in command.get("options", ()) or ()]
    return (command.get("name"), command.get("description"), int(command.get("type", 1) or 1), options)
