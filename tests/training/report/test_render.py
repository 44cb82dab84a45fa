"""A report is one page that fetches nothing, and Markdown with the same figures."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.tables import frame
from training.data.tables import FeatureTable, read_tables
from training.errors import TrainingError
from training.evaluate.bootstrap import Interval
from training.evaluate.crossval import SourceResult
from training.evaluate.importance import FamilyImportance
from training.evaluate.learning_curve import GenrePoint, LearningCurve, LearningPoint
from training.evaluate.predictions import Predictions
from training.evaluate.rejection import KindRejection, Rejection, TradeOff
from training.evaluate.study import Study, measured
from training.models.baselines import Logistic, Majority
from training.report.document import Document
from training.report.render import to_html, to_markdown, write_report
from training.report.sections import study_document

TITLES = (
    "Windows and tracks",
    "Beside simpler models",
    "Genre by genre",
    "What is taken for what",
    "Confidence, and saying “not sure”",
    "Source by source",
    "What the model listens to",
    "What more tracks would do",
    "What is no EDM",
    "How this was measured",
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> FeatureTable:
    path = tmp_path_factory.mktemp("tables") / "t.parquet"
    frame(spread=3.0).to_parquet(path)
    return read_tables([path])


def learning() -> LearningCurve:
    points = [
        LearningPoint(
            fraction=fraction,
            tracks=100 * fraction,
            window_recall=0.4 + fraction / 10,
            window_interval=Interval(0.3, 0.6),
            track_recall=0.5,
            track_interval=Interval(0.3, 0.7),
            genres=(GenrePoint("house", 10 * fraction, 0.5), GenrePoint("techno", 20 * fraction, 0.25)),
        )
        for fraction in (0.2, 0.4, 0.6, 0.8, 1.0)
    ]
    return LearningCurve("Logistic regression", tuple(points))


@pytest.fixture(scope="module")
def study(table: FeatureTable) -> Study:
    """Every section has something to say."""
    models = [
        measured(learner.name, Predictions.of(learner.fit(table, seed=1).predict(table), table))
        for learner in (Logistic(), Majority())
    ]
    return Study(
        title="A <b>bold</b> evaluation",
        method="By hand.",
        warnings=("All of it was learned by heart.",),
        everywhere=models[0].answers,
        subject=models[0],
        baselines=(models[1],),
        importance=(FamilyImportance("zero_crossing_rate", 2, 0.123, 0.045),),
        sources_left_out=(SourceResult("songs", "house", 40, 8, 0.25, 0.375, 0.5, 0.625),),
        learning=learning(),
        goal=0.9,
        rejection=Rejection(
            edm=KindRejection("EDM", 100, 20, 0.03, 0.05),
            genres=(KindRejection("phonk", 10, 4, 0.1, 0.25),),
            kinds=(KindRejection("speech", 30, 10, 0.8, 0.9),),
            trade_offs=(TradeOff(0.6, 0.1, 0.95),),
        ),
    )


@pytest.fixture(scope="module")
def document(study: Study) -> Document:
    return study_document(study)


class Page(HTMLParser):
    """Collects what a page refers to and how its tables and pictures are described."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.links: list[str] = []
        self.alts: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        self.tags.append(tag)
        self.sources += [values["src"]] if "src" in values else []
        self.links += [values["href"]] if "href" in values else []
        self.ids += [values["id"]] if "id" in values else []
        if tag == "img":
            self.alts.append(values.get("alt", ""))


def test_every_section_is_there_in_both(document: Document) -> None:
    assert tuple(section.title for section in document.sections) == TITLES
    html, markdown = to_html(document), to_markdown(document)
    for title in TITLES:
        assert f">{title}</h2>" in html
        assert f"## {title}\n" in markdown


def test_the_page_needs_nothing_else(document: Document) -> None:
    html = to_html(document)
    page = Page(html)
    assert page.sources
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert not re.search(r"https?://|url\(|@import", html)


def test_pictures_and_tables_say_what_they_are(document: Document) -> None:
    page = Page(to_html(document))
    assert len(page.alts) == len(page.sources) == 8
    assert all(len(alt) > 20 for alt in page.alts)
    assert page.tags.count("caption") == page.tags.count("table") > 8
    assert len(page.ids) == len(set(page.ids))


def test_text_is_escaped(document: Document) -> None:
    html = to_html(document)
    assert "<b>bold</b>" not in html
    assert "A &lt;b&gt;bold&lt;/b&gt; evaluation" in html


@pytest.mark.parametrize(
    "cells",
    [
        ("songs: House", "40", "0.250", "0.500", "8", "0.375", "0.625"),
        ("zero crossing rate", "2", "0.123", "0.045"),
        ("speech", "30", "80%", "10", "90%"),
        ("EDM", "100", "3%", "20", "5%"),
        ("Phonk", "10", "10%", "4", "25%"),
        ("10.0%", "95%", "0.6"),
    ],
)
def test_both_hold_the_same_figures(document: Document, cells: tuple[str, ...]) -> None:
    first, *others = cells
    assert "| " + " | ".join(cells) + " |" in to_markdown(document)
    assert f'<th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in others) in to_html(document)


def test_figures_of_the_model_and_its_baseline(study: Study, document: Document) -> None:
    markdown = to_markdown(document)
    windows = study.subject.metrics.windows
    assert f"| Logistic regression | {windows.accuracy:.3f} | {windows.macro_recall:.3f} |" in markdown
    assert "| Majority | 0.062 | 0.062 |" in markdown
    assert f"**{windows.macro_recall:.2f}**" in markdown
    assert "The goal of 0.90 lies beyond that" in markdown or "points do not rise" in markdown
    assert "> **Note:** All of it was learned by heart." in markdown


@pytest.mark.usefixtures("blank_pictures")
def test_what_was_not_looked_at_has_no_section(study: Study) -> None:
    bare = Study(
        title="Bare",
        method="By hand.",
        warnings=(),
        everywhere=study.everywhere,
        subject=study.subject,
        baselines=(),
        importance=(),
    )
    titles = [section.title for section in study_document(bare).sections]
    assert titles == [TITLES[number] for number in (0, 2, 3, 4, 5, 9)]


def test_files_are_written_and_replaced(document: Document, tmp_path: Path) -> None:
    for _ in range(2):
        write_report(document, tmp_path / "new" / "report")
    folder = tmp_path / "new" / "report"
    markdown = (folder / "report.md").read_text()
    named = re.findall(r"\]\((figures/[^)]+)\)", markdown)
    assert len(named) == 8
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in named)
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_a_folder_that_cannot_be_written_is_named(document: Document, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TrainingError, match="file: the report cannot be written"):
        write_report(document, tmp_path / "file")
