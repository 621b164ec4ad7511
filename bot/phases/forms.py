"""Form maps: one method a use case. Equal content makes no version; restoring makes a new one."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.actors import Actor
from bot.clock import Clock
from bot.errors import NotFound, Refused
from bot.paths import assets_dir
from bot.phases.form_map import Overlay as Overlay
from bot.phases.form_map import (
    check_sections,
    content_hash,
    diff_in_words,
    draw,
    file_name,
    markdown,
    overlay,
    parse_sections,
)
from bot.phases.model import FormContent, FormMap, FormVersion
from bot.phases.rules import PhaseRules
from bot.ports import ZoneReader
from bot.rules import load_rules
from bot.say.words import Speaks
from storage.repositories.phases import FormMapRepository
from storage.unit import Database, Reading, Unit

NAME_MOST = 80


@cache
def suggestions() -> Mapping[str, Any]:
    """Return the shipped textures by section, and constraints."""
    with (assets_dir() / "text" / "textures.toml").open("rb") as file:
        return tomllib.load(file)


def shipped_constraints() -> Sequence[str]:
    return suggestions()["constraints"]["shipped"]


@dataclass(frozen=True, slots=True)
class FormView:
    """A form map with its versions, oldest first."""

    form: FormMap
    versions: tuple[FormVersion, ...]

    @property
    def latest(self) -> FormVersion:
        return self.versions[-1]

    @property
    def previous(self) -> FormVersion | None:
        return self.versions[-2] if len(self.versions) > 1 else None


@dataclass(frozen=True, slots=True)
class SavedForm:
    """A form map after saving; `changed` False: the content was the same, and there is no new version."""

    view: FormView
    changed: bool
    group_id: str


class FormMapService:
    """The one door to form maps."""

    def __init__(self, database: Database, clock: Clock, zones: ZoneReader) -> None:
        self._database = database
        self._clock = clock
        self._zones = zones
        self.rules = load_rules("phases", PhaseRules)

    async def show(self, owner: int, map_id: str) -> FormView:
        """Return a map. Raises NotFound."""
        async with self._database.read(owner) as unit:
            return await self._view(unit, map_id)

    async def of(self, owner: int, *, loop_id: str | None = None, bounce_id: str | None = None) -> FormView | None:
        """Return the newest map of a loop or a bounce."""
        async with self._database.read(owner) as unit:
            forms = unit.repo(FormMapRepository)
            form = await forms.for_thing(loop_id=loop_id, bounce_id=bounce_id)
            if form is None:
                return None
            return FormView(form, tuple(await forms.versions(form.id)))

    async def nearest(self, owner: int, bounce_ids: Sequence[str], loop_id: str | None) -> FormView | None:
        """Return the map of a piece: of the first of these bounces (the versions) that has one, else of its loop."""
        async with self._database.read(owner) as unit:
            forms = unit.repo(FormMapRepository)
            found = await forms.of_bounces(bounce_ids)
            form = next((found[one] for one in bounce_ids if one in found), None)
            if form is None and loop_id is not None:
                form = await forms.for_thing(loop_id=loop_id)
            return None if form is None else FormView(form, tuple(await forms.versions(form.id)))

    async def all(self, owner: int) -> list[FormView]:
        async with self._database.read(owner) as unit:
            forms = unit.repo(FormMapRepository)
            return [FormView(form, tuple(await forms.versions(form.id))) for form in await forms.all()]

    async def draw_new(
        self, actor: Actor, owner: int, name: str, *, loop_id: str | None = None, bounce_id: str | None = None
    ) -> SavedForm:
        """Make a map with its first draw."""
        name = " ".join(name.split())[:NAME_MOST] or "Form map"
        async with self._database.write(actor, owner, "form.create") as unit:
            forms = unit.repo(FormMapRepository)
            form = await forms.add(name, loop_id, bounce_id)
            await unit.session.flush()
            number = await forms.drew(form.id)
            content = draw(owner, form.id, number, shipped_constraints(), self.rules)
            await forms.add_version(form.id, 1, content, content_hash(content), "")
            await unit.session.flush()
            return SavedForm(await self._view(unit, form.id), True, unit.group_id)

    async def draw_again(self, actor: Actor, owner: int, map_id: str) -> SavedForm:
        """Draw anew; a new version where it differs."""
        async with self._database.write(actor, owner, "form.draw") as unit:
            await self._view(unit, map_id)
            number = await unit.repo(FormMapRepository).drew(map_id)
            content = draw(owner, map_id, number, shipped_constraints(), self.rules)
            return await self._keep(unit, map_id, content, "")

    async def save(
        self, actor: Actor, owner: int, map_id: str, sections: str, constraint: str, note: str = "", name: str = ""
    ) -> SavedForm:
        """Keep what was typed: one section a line. Raises Refused naming what clashes."""
        parsed = parse_sections(sections, self.rules)
        return await self.save_content(actor, owner, map_id, FormContent(parsed, _line(constraint)), note, name)

    async def save_content(
        self, actor: Actor, owner: int, map_id: str, content: FormContent, note: str = "", name: str = ""
    ) -> SavedForm:
        """Keep content as a version, unless it is the present one."""
        check_sections(content.sections, self.rules)
        if len(content.constraint) > self.rules.form_constraint:
            raise Refused("form_map_constraint", typed=content.constraint, most=self.rules.form_constraint)
        async with self._database.write(actor, owner, "form.save") as unit:
            view = await self._view(unit, map_id)
            name = _line(name)[:NAME_MOST]
            if name and name != view.form.name:
                await unit.repo(FormMapRepository).rename(map_id, name)
                await unit.session.flush()
            return await self._keep(unit, map_id, content, note)

    async def restore(self, actor: Actor, owner: int, map_id: str, number: int) -> SavedForm:
        """Bring an older version back as a new one."""
        async with self._database.write(actor, owner, "form.restore") as unit:
            view = await self._view(unit, map_id)
            version = next((item for item in view.versions if item.number == number), None)
            if version is None:
                raise NotFound("form", "/loop show")
            return await self._keep(unit, map_id, version.content, "")

    async def delete(self, actor: Actor, owner: int, map_id: str) -> str:
        """Put a map into the bin; return the group for Undo."""
        async with self._database.write(actor, owner, "form.delete") as unit:
            await self._view(unit, map_id)
            await unit.repo(FormMapRepository).delete(map_id)
            return unit.group_id

    async def file(self, owner: int, map_id: str, words: Speaks, number: int | None = None) -> tuple[str, bytes]:
        """Return name and bytes of a version's Markdown file, with what changed since the one before."""
        zone = await self._zones.zone(owner)
        view = await self.show(owner, map_id)
        place = next((p for p, v in enumerate(view.versions) if v.number == number), len(view.versions) - 1)
        version = view.versions[place]
        previous = view.versions[place - 1].content if place > 0 else None
        text = markdown(view.form.name, version.content, words, previous)
        return file_name(version.created_at.astimezone(zone), version.content_hash), text.encode()

    async def compare(self, owner: int, map_id: str, number: int, words: Speaks) -> tuple[str, str, bytes]:
        """Return what changed from a version to the present one: in words, and as name and bytes of a file."""
        zone = await self._zones.zone(owner)
        view = await self.show(owner, map_id)
        old = next((version for version in view.versions if version.number == number), None)
        if old is None:
            raise NotFound("form", "/loop show")
        said = diff_in_words(old.content, view.latest.content, words)
        text = markdown(view.form.name, view.latest.content, words, old.content, old.number)
        return said, file_name(view.latest.created_at.astimezone(zone), view.latest.content_hash), text.encode()

    def changes(self, view: FormView, words: Speaks) -> str:
        """Say what the last version changed; empty for the first."""
        if view.previous is None:
            return ""
        return diff_in_words(view.previous.content, view.latest.content, words)

    def overlay(self, view: FormView, duration_s: float) -> Overlay:
        """Spread the present sections over a bounce of that length."""
        return overlay(view.latest.content.sections, int(duration_s * 1000))

    async def _view(self, unit: Reading, map_id: str) -> FormView:
        forms = unit.repo(FormMapRepository)
        form = await forms.get(map_id)
        if form is None:
            raise NotFound("form", "/loop show")
        return FormView(form, tuple(await forms.versions(map_id)))

    async def _keep(self, unit: Unit, map_id: str, content: FormContent, note: str) -> SavedForm:
        view = await self._view(unit, map_id)
        digest = content_hash(content)
        if view.versions and view.latest.content_hash == digest:
            return SavedForm(view, False, unit.group_id)
        number = view.latest.number + 1 if view.versions else 1
        await unit.repo(FormMapRepository).add_version(map_id, number, content, digest, _line(note)[:200])
        await unit.session.flush()
        return SavedForm(await self._view(unit, map_id), True, unit.group_id)


def _line(text: str) -> str:
    return " ".join(text.split())
