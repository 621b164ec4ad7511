"""Votes on a step: who may give one, whose still counts, and what is missing after it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.errors import AlreadyDone, NotAllowed, Refused
from bot.missions.desk import votes_now
from bot.missions.model import Mission, Part, Step, Vote
from bot.missions.ports import People, Presser, Roll
from bot.missions.quorum import APPROVER, CLIENT, LEAD, MEMBER, OWNER, asks_client, mark, missing, votes_needed
from storage.repositories.mission_steps import StepRepository
from storage.unit import Database, Unit

_LOOKS_ONLY = frozenset({CLIENT, MEMBER})
"""Parts that say yes or no; to change a step is for who looks after the mission."""


@dataclass(frozen=True, slots=True)
class Yes:
    """Somebody agrees: what they can fill, which text they had before them, and what earlier voters can fill now."""

    who: Presser
    fits: frozenset[str]
    seen: str
    earlier: Mapping[int, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Tally:
    """What a yes led to: what is still missing, and whose approval does not count any more."""

    open_parts: tuple[Part, ...] = ()
    fallen: tuple[str, ...] = ()


class Voting:
    """Who may decide, asked at every press, and the counting of votes."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    async def home(self, mission: Mission) -> int | None:
        """Return the server whose roles decide, None for a mission of no server."""
        return mission.owner_id if await self._people.is_server(mission.owner_id) else mission.guild_id

    async def seat(self, who: Presser, mission: Mission, *, changes: bool = False) -> frozenset[str]:
        """Return what somebody can fill. Raises NotAllowed for who has no say, or none in what it says (`changes`)."""
        fits = await self._people.fits(who, mission)
        named = fits & {part.who for part in mission.quorum}
        is_studio = await self._people.is_server(mission.owner_id)
        if not is_studio and not mission.asks_others:
            named -= {APPROVER}  # what is proposed to its owner alone is nobody else's
        looks_after = LEAD in fits if is_studio else OWNER in fits
        if looks_after or (named - _LOOKS_ONLY if changes else named):
            return fits
        if named:
            raise NotAllowed("mission_looks_only")
        if is_studio or any(part.who != APPROVER for part in mission.quorum):
            raise NotAllowed("mission_not_asked")
        raise NotAllowed("mission_not_approver", owner=mission.owner_id)

    async def yes(
        self, who: Presser, mission: Mission, step: Step, fits: frozenset[str], seen: str, roll: Roll | None
    ) -> Yes:
        """Gather what a vote needs before its transaction: Discord is asked what earlier voters are now."""
        earlier: dict[int, frozenset[str]] = {}
        home = await self.home(mission)
        if roll is not None and home is not None and votes_needed(mission.quorum) > 1:
            async with self._database.read(mission.owner_id) as unit:
                votes = await votes_now(unit, step)
            for vote in votes:
                if vote.voter_id != who.user_id:
                    earlier[vote.voter_id] = await self._people.fits(await roll(home, vote.voter_id), mission)
        return Yes(who, fits, seen or mark(step), earlier)

    async def count(self, unit: Unit, mission: Mission, step: Step, yes: Yes) -> Tally:
        """Count a yes inside the transaction that may carry the step out.

        Raises AlreadyDone for a second one of the same person, NotAllowed where theirs counts for nothing, and Refused
        where a client is asked and the mission is filed under none.
        """
        who = yes.who
        if asks_client(mission.quorum) and mission.client_id is None:
            raise Refused("mission_client_unfiled", mission=mission.title)
        if mission.quorum_without_proposer and who.user_id == mission.owner_id:
            raise NotAllowed("mission_not_proposer", count=votes_needed(mission.quorum))
        wanted = {part.who for part in mission.quorum}
        if not yes.fits & wanted:
            raise NotAllowed("mission_not_asked")
        if votes_needed(mission.quorum) == 1:
            return Tally()
        steps = unit.repo(StepRepository)
        known = await votes_now(unit, step)
        earlier = {**yes.earlier, who.user_id: yes.fits}
        standing = [(vote, earlier.get(vote.voter_id, vote.fits)) for vote in known]
        if any(vote.voter_id == who.user_id for vote in known):
            # Fewer may be asked for by now: then what was given is enough.
            if missing(mission.quorum, [fits for _, fits in standing]):
                raise AlreadyDone("mission_voted", what=step.summary, who=who.name, when=unit.now)
            return Tally()
        fallen = [vote for vote, fits in standing if not fits & wanted]
        # Also what was given to an older text, by this person or by others: it stands in nobody's way.
        kept = {vote.voter_id for vote, fits in standing if fits & wanted}
        stale = [vote.voter_id for vote in await steps.votes(step.id) if vote.voter_id not in kept]
        if stale:
            await steps.forget_votes(step.id, stale)
        await steps.vote(step.id, Vote(who.user_id, who.name, mark(step), yes.fits & wanted))
        given = [fits for _, fits in standing] + [yes.fits]
        return Tally(missing(mission.quorum, given), tuple(vote.voter_name for vote in fallen))
