"""The structure: no import circle, and every service reached through a type."""

from tests.meta.imports import circles, imports, modules


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(imports(modules())) == []


def test_a_circle_is_found_wherever_the_import_stands(tmp_path) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot/__init__.py").write_text("")
    (tmp_path / "bot/a.py").write_text("from bot import b\n")
    (tmp_path / "bot/b.py").write_text("def late():\n    import bot.c\n")
    (tmp_path / "bot/c.py").write_text("from bot.a import x\n")
    (tmp_path / "bot/d.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bot.e import y\nelse:\n    import bot.a\n"
    )
    (tmp_path / "bot/e.py").write_text("from bot.d import y\n")
    graph = imports(modules(tmp_path))
    assert circles(graph) == [["bot.a", "bot.b", "bot.c"]]
    assert graph["bot.d"] == {"bot.a"}
