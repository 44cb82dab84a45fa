"""The picture in docs/ARCHITECTURE.md shows exactly the imports that there are between the rooms it draws.

And what serves imports nothing that an installation without extras lacks.
"""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "classifier", "config", "training")

Arrow = tuple[str, str]


def picture() -> str:
    """The Mermaid block of the document."""
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    return str(block)


def drawn_rooms(block: str) -> dict[str, str]:
    """Every drawn module by its full name, with its node: `node["bot.app, bot.__main__<br/>…"]` stands for two."""
    nodes = re.findall(r'(\w+)\["([^"<]+)', block)
    return {module.strip(): node for node, names in nodes for module in names.split(",")}


def drawn_arrows(block: str) -> set[Arrow]:
    """`a --> b & c` are two arrows."""
    arrows = re.findall(r"^ *(\w+(?: & \w+)*) --> (\w+(?: & \w+)*) *$", block, re.MULTILINE)
    assert len(arrows) == block.count("-->"), "each arrow has a line of its own"
    return {(a, b) for sources, targets in arrows for a in sources.split(" & ") for b in targets.split(" & ")}


def room_of(module: str, rooms: dict[str, str]) -> str:
    """The room of the longest drawn name that the module is, or lies in."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next(rooms[name] for name in names if name in rooms)


@pytest.fixture(scope="module")
def imports() -> dict[Arrow, str]:
    """The arrows between drawn rooms that the code has, each with one import that makes it."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    rooms = drawn_rooms(picture())
    return {
        (room_of(importer, rooms), room_of(imported, rooms)): f"{importer} imports {imported}"
        for importer in sorted(graph.modules)
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
        if room_of(importer, rooms) != room_of(imported, rooms)
    }


def test_every_import_between_rooms_is_in_the_picture(imports: dict[Arrow, str]) -> None:
    assert [why for arrow, why in imports.items() if arrow not in drawn_arrows(picture())] == []


def test_every_arrow_in_the_picture_is_an_import(imports: dict[Arrow, str]) -> None:
    assert sorted(drawn_arrows(picture()) - imports.keys()) == []


def test_every_room_in_the_picture_exists() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    assert [room for room in drawn_rooms(picture()) if room not in graph.modules] == []


def test_arrows_of_the_picture_never_lead_back() -> None:
    left = drawn_arrows(picture())
    while ends := {target for _, target in left} - {source for source, _ in left}:
        left = {(source, target) for source, target in left if target not in ends}
    assert left == set(), "a circle of imports"


def test_what_an_arrow_is() -> None:
    block = 'a["bot.app, bot.__main__<br/>what starts"]\nb["bot"]\n  a & b --> c & d\n'
    assert drawn_rooms(block) == {"bot.app": "a", "bot.__main__": "a", "bot": "b"}
    assert drawn_arrows(block) == {("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")}
    assert room_of("bot.app.inner", drawn_rooms(block)) == "a"
    assert room_of("bot.apple", drawn_rooms(block)) == "b"


def test_what_serves_imports_only_what_every_installation_has() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    installed = {re.split(r"[\[<>=;]", name)[0].lower() for name in dependencies}
    graph = grimp.build_graph("bot", "classifier", "config", cache_dir=None, include_external_packages=True)
    ours = {module for module in graph.modules if module.partition(".")[0] in {"bot", "classifier", "config"}}
    imported = {name.partition(".")[0] for name in graph.modules - ours} - sys.stdlib_module_names
    homes = packages_distributions()
    lacking = {name for name in imported if not installed & {_written(home) for home in homes.get(name, [name])}}
    extras = {"distributed", "keras", "mutagen"}  # each with a sentence where it is missing
    assert lacking == extras


def _written(distribution: str) -> str:
    return distribution.lower().replace("_", "-")
