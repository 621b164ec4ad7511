"""The closed list of what a mission may do. One entry a tool; prompt, checks, previews and docs come from it.

An entry binds a service method of another area through a Protocol: the same method that the slash command
calls, so permissions, limits, history and undo are written once. Nothing here leaves the studio.
"""

import hashlib
import json
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar, Union

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, create_model, model_validator

from bot.actors import Actor
from bot.missions.model import JsonMap, MissionId, Policy, Preview


class Params(BaseModel):
    """Base of a tool's params: known fields only, every text bounded."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, values: object) -> object:
        """Refuse texts that no database takes and no person typed: NUL and half characters."""
        if isinstance(values, Mapping) and any(
            isinstance(one, str) and not is_storable(one) for one in values.values()
        ):
            raise ValueError("a text holds characters that cannot be stored")
        return values


def is_storable(text: str) -> bool:
    """Tell whether a text holds neither NUL nor half characters (lone surrogates)."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def tidy(text: str, most: int) -> str:
    """Return a planner's text as one line of what can be stored and reads in one direction, at most so long.

    >>> tidy("Mix\x00 the \u202ebridge ", 20)
    'Mix the bridge'
    """
    kept = "".join(sign for sign in text if sign.isspace() or unicodedata.category(sign) not in ("Cc", "Cs", "Cf"))
    return " ".join(kept.split())[:most].strip()


Id = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Prose = Annotated[str, StringConstraints(max_length=500)]

ParamsT = TypeVar("ParamsT", bound=Params)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a tool runs: whose things, for which mission, and when."""

    owner: int
    mission_id: MissionId
    now: datetime
    channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class Tool(Generic[ParamsT]):
    """One thing a mission may do.

    `preview` finds the entity among the owner's (a foreign id reads as not found) and says what would change.
    `execute` runs inside the transaction of the decision. `gain` is the what-if of the step where there is one.
    """

    name: str
    does: str
    params: type[ParamsT]
    preview: Callable[[Scene, ParamsT], Awaitable[Preview]]
    execute: Callable[[Scene, ParamsT, Actor], Awaitable[None]]
    default: Policy = Policy.PROPOSE
    reversible: bool = True
    gain: Callable[[Scene, ParamsT], Awaitable[float | None]] | None = None

    @property
    def area(self) -> str:
        return self.name.partition(".")[0]


AnyTool = Tool[Params]


class UnknownTool(Exception):
    """A name that is not in the catalogue."""


class WrongParams(Exception):
    """Params that the tool does not take; `fields` names them."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


class Catalogue:
    """All tools by name, in the order they were added."""

    def __init__(self, tools: Iterable[Tool[Params]] = ()) -> None:
        self._tools: dict[str, AnyTool] = {}
        for tool in tools:
            self.add(tool)

    def add(self, tool: Tool[ParamsT]) -> None:
        """Add an entry. Raises ValueError for a name that is taken."""
        if tool.name in self._tools:
            raise ValueError(f"tool {tool.name} is there twice")
        self._tools[tool.name] = tool  # type: ignore[assignment]

    def __iter__(self) -> Iterator[AnyTool]:
        return iter(self._tools.values())

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._tools)

    @property
    def areas(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(tool.area for tool in self._tools.values()))

    def get(self, name: str) -> AnyTool:
        """Return a tool. Raises UnknownTool."""
        try:
            return self._tools[name]
        except KeyError:
            raise UnknownTool(name[:64]) from None

    def read(self, name: str, params: object) -> tuple[AnyTool, Params]:
        """Return a tool with its params read. Raises UnknownTool or WrongParams."""
        tool = self.get(name)
        try:
            return tool, tool.params.model_validate(params, strict=False)
        except (ValidationError, RecursionError) as error:
            fields = (
                tuple(".".join(str(part) for part in one["loc"]) or "params" for one in error.errors())
                if isinstance(error, ValidationError)
                else ("params",)
            )
            raise WrongParams(tuple(dict.fromkeys(fields))[:5]) from None

    def plan_schema(self, offered: Iterable[str]) -> type[BaseModel]:
        """Return the shape of a plan that uses only the offered tools, for structured output."""
        shapes: list[type[BaseModel]] = []
        for name in offered:
            tool = self.get(name)
            title = "".join(part.capitalize() for part in name.replace(".", "_").split("_")) + "Step"
            shapes.append(
                create_model(
                    title,
                    __doc__=tool.does,
                    tool=(_literal(name), ...),
                    summary=(str, Field(description="what would change, in a few words")),
                    rationale=(str, Field(description="one sentence: why this helps now")),
                    params=(tool.params, ...),
                )
            )
        return create_model(
            "Plan",
            summary=(str, Field(description="one sentence about the state of the mission")),
            steps=(list[_union(shapes)], ...),  # type: ignore[misc]
        )

    def described(self, offered: Iterable[str]) -> str:
        """Return the tools as lines for a prompt."""
        return "\n".join(f"- {name}: {self.get(name).does}" for name in offered)


def _literal(name: str) -> Any:
    return Literal[name]  # type: ignore[valid-type]


def _union(shapes: list[type[BaseModel]]) -> Any:
    return Union[tuple(shapes)] if shapes else BaseModel  # noqa: UP007


def content_hash(tool: str, params: Mapping[str, object]) -> str:
    """Return what makes two steps the same: tool and params, in canonical JSON."""
    text = json.dumps([tool, params], sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprint(state: JsonMap) -> str:
    """Return the short fingerprint of a state that a preview was built on."""
    text = json.dumps(dict(state), sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
