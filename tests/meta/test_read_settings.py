"""A setting that nobody reads is a promise that nobody keeps: each has a reader besides its model and its form."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest
from pydantic import BaseModel

from bot.digest.service import DigestSettings
from bot.settings import Settings
from bot.studio.model import GuildSettings, PersonSettings
from tests.source import files, walk

pytestmark = pytest.mark.xdist_group("source")
FORMS = ("cogs/studio/setup.py", "cogs/studio/commands.py", "cogs/digest/commands.py", "bot/digest/cards.py")
"""What only shows settings and takes them in."""
TELLERS = ("bot/cli/doctor.py", "bot/cli/local.py", "bot/studio/health.py")
"""What only says how they are set, or sets them."""
OWN: dict[type[BaseModel], tuple[str, ...]] = {
    Settings: ("bot/settings.py", *TELLERS),
    GuildSettings: ("bot/studio/model.py", *FORMS, *TELLERS),
    PersonSettings: ("bot/studio/model.py", *FORMS, *TELLERS),
    DigestSettings: (*FORMS, *TELLERS),
}
NOT_SET = {"setup_step": "how far the set-up was gone through; its own next step reads it"}
"""Fields that are no settings, and why they are kept with them."""


@cache
def _trees() -> dict[str, ast.Module]:
    return {file: source.tree for file, source in files().items()}


def _are_settings(value: ast.expr) -> bool:
    """Tell whether an expression names settings: `settings`, `self._settings`, `(await x.person_settings(…))`."""
    match value:
        case ast.Await(value=inner) | ast.Call(func=inner) | ast.Subscript(value=inner):
            return _are_settings(inner)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return "settings" in name.lower()
        case _:
            return False


def _read(model: type[BaseModel], trees: dict[str, ast.Module]) -> set[str]:
    """Return the fields of a model that are read off settings anywhere but in its own code."""
    found: set[str] = set()
    for file, tree in trees.items():
        if file in OWN[model]:
            continue
        for node in walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and _are_settings(node.value):
                found.add(node.attr)
    return found | _by_own_methods(model)


def _by_own_methods(model: type[BaseModel]) -> set[str]:
    """Return the fields that a model's own methods and properties answer from (checks of a value are no answer)."""
    tree = _trees()[f"{model.__module__.replace('.', '/')}.py"]
    own = next(node for node in walk(tree) if isinstance(node, ast.ClassDef) and node.name == model.__name__)
    return {
        node.attr
        for method in own.body
        if isinstance(method, ast.FunctionDef) and method.name != "secrets"
        for node in walk(method)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }


@pytest.mark.parametrize("model", list(OWN), ids=lambda model: model.__name__)
def test_every_setting_has_somebody_who_acts_on_it(model: type[BaseModel]) -> None:
    unread = set(model.model_fields) - _read(model, _trees()) - set(NOT_SET)
    assert unread == set(), "set, shown, and without effect"


def test_a_setting_that_only_its_form_reads_is_named() -> None:
    form, reader = "cogs/studio/setup.py", "bot/app/wiring/digest.py"
    trees = {form: ast.parse("settings.digest_hour"), reader: ast.parse("profile.digest_hour\nsettings.digest_day")}
    read = _read(GuildSettings, trees)
    assert "digest_day" in read
    assert "digest_hour" not in read


def test_what_was_stored_for_settings_of_old_still_loads() -> None:
    assert GuildSettings.model_validate({"setup_done": True, "digest_hour": 7}).digest_hour == 7
    assert PersonSettings.model_validate({"language": "de", "timezone": "Asia/Tokyo"}).timezone == "Asia/Tokyo"


def _fields(tree: ast.Module) -> Iterator[str]:
    for node in walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Field" and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value


def _asked_for(tree: ast.Module) -> set[str]:
    """Return the names that calls are given which make no part of a card or form and say nothing."""
    asked: set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if not name[:1].isupper() and name not in ("words", "control", "form", "own_words", "select", "pick"):
                asked |= {
                    one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
    return asked


def test_every_field_of_a_form_is_asked_for() -> None:
    forms = {file: tree for file, tree in _trees().items() if file.startswith("cogs/")}
    asked = {file: _asked_for(tree) for file, tree in forms.items()}
    of_area: dict[str, set[str]] = {}
    for file, names in asked.items():
        of_area.setdefault(file.split("/")[1], set()).update(names)
    unread = {
        f"{file}: {name}"
        for file, tree in forms.items()
        for name in _fields(tree)
        if name not in of_area[file.split("/")[1]]
    }
    assert unread == set(), "filled in, and thrown away"
