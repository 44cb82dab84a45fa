"""Links in the repository's Markdown lead to files and headings that exist."""

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]


def documents() -> list[Path]:
    """Every Markdown file that belongs to the repository: neither ignored nor in a virtual environment."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
        paths = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):  # a copy without Git's data
        hidden = (".venv", "node_modules", "reports")
        paths = [path for path in ROOT.rglob("*.md") if not set(hidden) & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in paths if path.exists())


def prose(text: str) -> str:
    """The text without its blocks and spans of code, where brackets are no links."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))


def targets(text: str) -> list[str]:
    """Where links and pictures point, in Markdown and in HTML; addresses elsewhere are left out."""
    found = re.findall(r"\]\(<?([^)\s>]+)", prose(text)) + re.findall(r'(?:src|href)="([^"]+)"', prose(text))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#{1,6} +(.+?) *$", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.M), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(document: Path) -> list[str]:
    """The links of a document that lead nowhere."""
    missing = []
    for target in targets(document.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        there = (document.parent / unquote(path)).resolve() if path else document
        is_missing = not there.exists()
        if is_missing or (anchor and anchor not in anchors(there.read_text(encoding="utf-8"))):
            missing.append(target)
    return missing


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(document: Path) -> None:
    assert broken(document) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    (tmp_path / "there.md").write_text("# A heading, and more\n```sh\n# a comment\n```\n")
    document.write_text(
        "[a](there.md) [b](there.md#a-heading-and-more) [c](https://example.org/x) `[d](code.md)` [e](gone.md)\n"
        '[f](there.md#a-comment) <img src="gone.png"> [g](#nowhere)\n'
    )
    assert broken(document) == ["gone.md", "there.md#a-comment", "#nowhere", "gone.png"]
