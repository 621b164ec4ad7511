"""The parts of one local Discord, put together without a socket; routes and people work on this."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bot.local.faults import Faults
from bot.local.files import FileStore
from bot.local.gateway import Gateway
from bot.local.interactions import Interactions
from bot.local.model import Wire
from bot.local.payloads import Addresses, Payloads
from bot.local.posting import Posting
from bot.local.world import World

KEPT_RECORDS = 2_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as a validator sees them."""

    method: str
    route: str
    """The template, such as `/channels/{channel_id}/messages`."""
    request: Wire | list[Wire] | None
    status: int
    response: object
    query: dict[str, str] = field(default_factory=dict)


class Validator(Protocol):
    """Look at every exchange; return what is wrong with it, nothing if all is well."""

    def __call__(self, exchange: Exchange) -> list[str]: ...


class Core:
    """World, wire objects, message making, interactions, faults, and the records that tests look at."""

    def __init__(
        self,
        world: World,
        store: FileStore,
        addresses: Addresses,
        validator: Validator | None = None,
    ) -> None:
        self.world = world
        self.store = store
        self.payloads = Payloads(world, addresses)
        self.posting = Posting(world, store)
        self.interactions = Interactions(world, self.posting)
        self.gateway = Gateway(world, self.payloads)
        self.faults = Faults()
        self.validator = validator
        self.violations: list[str] = []
        """What broke the API description or a limit, newest last."""
        self.unknown_routes: list[str] = []
        self.requests: deque[tuple[str, str, int]] = deque(maxlen=KEPT_RECORDS)
        """Method, route template and status of the latest requests."""
        self.on_request: Callable[[Exchange], None] | None = None
        world.listen(self.gateway.hear)
