"""Documents as files: one HTML page that needs nothing else, and Markdown with its pictures beside it."""

import base64
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from training.errors import TrainingError
from training.report.document import Document, Section, Table

HTML_FILE = "report.html"
MARKDOWN_FILE = "report.md"
FIGURES = "figures"

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


def write_report(document: Document, folder: Path) -> None:
    """Write `report.html`, `report.md` and `figures/`; an earlier report there is replaced.

    Raises `TrainingError` if the folder cannot be written to.
    """
    figures = folder / FIGURES
    try:
        figures.mkdir(parents=True, exist_ok=True)
        for section in document.sections:
            for picture in section.pictures:
                (figures / f"{picture.name}.png").write_bytes(picture.png)
        (folder / HTML_FILE).write_text(to_html(document), encoding="utf-8")
        (folder / MARKDOWN_FILE).write_text(to_markdown(document), encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"{folder}: the report cannot be written: {error.strerror}") from error


def to_html(document: Document) -> str:
    """The document as one page: styles inside, pictures as data URIs, no script and nothing to fetch."""
    pictures = {
        picture.name: "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii")
        for section in document.sections
        for picture in section.pictures
    }
    return _TEMPLATES.get_template("report.html").render(document=document, pictures=pictures)


def to_markdown(document: Document) -> str:
    """The document in Markdown; pictures are files in `figures/`."""
    parts = [f"# {document.title}", document.lead]
    parts += [f"> **Note:** {warning}" for warning in document.warnings]
    parts += ["\n".join(f"- {tile.label}: **{tile.value}** ({tile.note})" for tile in document.tiles)]
    for section in document.sections:
        parts += _section(section)
    return "\n\n".join(part for part in parts if part) + "\n"


def table_to_markdown(table: Table) -> str:
    """One table without its caption."""
    head = "| " + " | ".join(table.header) + " |"
    rule = "|---|" + "---:|" * (len(table.header) - 1)
    return "\n".join([head, rule, *("| " + " | ".join(row) + " |" for row in table.rows)])


def _section(section: Section) -> list[str]:
    parts = [f"## {section.title}", *section.sentences]
    for picture in section.pictures:
        parts += [f"![{picture.alt}]({FIGURES}/{picture.name}.png)", f"*{picture.caption}*"]
    for table in section.tables:
        parts += [f"*{table.caption}*", table_to_markdown(table)]
    return parts
