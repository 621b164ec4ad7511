"""Who may press what: owners, managers of a server by permission or by role, approvers, anybody."""

import pytest

from bot.actors import Actor
from bot.errors import BotError, NotAllowed, NotFound, NotYours
from bot.studio.roles import Does
from bot.studio.service import Standing, StudioService
from bot.ui.access import StudioAccess
from bot.ui.items import ControlId, Who
from storage.unit import Database

ADA, BEN, SERVER, ELSEWHERE, MANAGERS = 1001, 1002, 7, 8, 70


PRESSERS = {
    "ada": Standing(ADA, SERVER),
    "ben": Standing(BEN, SERVER),
    "ben in a conversation": Standing(BEN, None, can_manage_server=True),
    "ben with manage server": Standing(BEN, SERVER, can_manage_server=True),
    "ben with the managers' role": Standing(BEN, SERVER, frozenset({MANAGERS})),
    "ben with another role": Standing(BEN, SERVER, frozenset({71})),
    "ben as manager elsewhere": Standing(BEN, ELSEWHERE, frozenset({MANAGERS}), can_manage_server=True),
}
MANAGING = {"ben with manage server", "ben with the managers' role"}
EVERYBODY = set(PRESSERS)
ANYBODYS_SERVER = {*MANAGING, "ben as manager elsewhere"}

CASES: list[tuple[Who, int | None, set[str], type[BotError] | None]] = [
    (Who.ANYONE, ADA, EVERYBODY, None),
    (Who.ANYONE, None, EVERYBODY, None),
    (Who.OWNER, ADA, {"ada"}, NotYours),
    (Who.OWNER, None, EVERYBODY, None),
    (Who.OWNER, SERVER, MANAGING, NotAllowed),  # what only leads may
    (Who.MANAGER, ADA, {"ada", *ANYBODYS_SERVER}, NotAllowed),
    (Who.MANAGER, None, ANYBODYS_SERVER, NotAllowed),
    (Who.APPROVER, ADA, EVERYBODY, None),
]


@pytest.fixture
async def studio(sqlite_database: Database) -> StudioService:
    service = StudioService(sqlite_database, sqlite_database.clock)
    who = Standing(ADA, SERVER, frozenset(), can_manage_server=True)
    await service.save_guild(Actor.user(ADA, "Ada"), who, SERVER, lead_role=MANAGERS)
    return service


@pytest.mark.parametrize(("who", "owner", "let_in", "refusal"), CASES)
async def test_a_control_lets_in_whom_it_is_for_and_nobody_else(
    studio: StudioService, who: Who, owner: int | None, let_in: set[str], refusal: type[BotError] | None
) -> None:
    access = StudioAccess(studio)
    target = ControlId("loop", "remove", "-", owner=owner)
    outcomes: dict[str, type[BotError] | None] = {}
    for name, presser in PRESSERS.items():
        outcomes[name] = None
        try:
            await access.check(presser, who, target, Does.DELETE)
        except BotError as error:
            outcomes[name] = type(error)
    expected = {name: None if name in let_in else refusal for name in PRESSERS}
    if who is Who.OWNER and owner == SERVER:
        # From another place it is simply somebody else's.
        expected |= {"ben in a conversation": NotYours, "ben as manager elsewhere": NotYours}
    assert outcomes == expected


@pytest.mark.parametrize(
    ("area", "does", "let_in"),
    [
        ("loop", Does.EDIT, {"lead", "member"}),
        ("loop", Does.SEE, {"lead", "member", "guest"}),
        ("bounce", Does.COMMENT, {"lead", "member", "guest"}),
        ("mission", Does.SEE, {"lead", "member"}),
        ("settings", Does.SEE, {"lead"}),
        ("coach", Does.SEE, set[str]()),
    ],
)
async def test_what_belongs_to_a_server_is_open_by_role(
    studio: StudioService, area: str, does: Does, let_in: set[str]
) -> None:
    lead = Standing(ADA, SERVER, can_manage_server=True)
    await studio.save_guild(Actor.user(ADA, "Ada"), lead, SERVER, member_role=80, guest_role=81)
    people = {
        "lead": lead,
        "member": Standing(BEN, SERVER, frozenset({80})),
        "guest": Standing(BEN, SERVER, frozenset({81})),
        "of another server": Standing(BEN, ELSEWHERE, can_manage_server=True),
    }
    access, target = StudioAccess(studio), ControlId(area, "anything", owner=SERVER)
    for name, person in people.items():
        if name in let_in:
            await access.check(person, Who.OWNER, target, does)
        else:
            with pytest.raises((NotAllowed, NotFound, NotYours)):
                await access.check(person, Who.OWNER, target, does)


async def test_a_manager_changes_the_settings_of_the_own_server_only(studio: StudioService) -> None:
    who = Standing(ADA, SERVER, frozenset(), can_manage_server=True)
    with pytest.raises(NotAllowed):
        await studio.save_guild(Actor.user(ADA, "Ada"), who, SERVER + 1, ai_allowed=True)
    assert not (await studio.guild_settings(SERVER + 1)).ai_allowed
