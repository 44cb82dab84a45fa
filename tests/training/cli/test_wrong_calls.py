"""What cannot work is said in one line, before any work."""

from pathlib import Path

import pytest

from classifier.bundle import columns_of
from classifier.description import FAMILIES
from tests.support.tables import frame
from training.cli.main import main


@pytest.fixture
def table(tmp_path: Path) -> Path:
    frame().to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


@pytest.mark.parametrize(
    "wrong",
    [
        ["extract", "--audio", ".", "--out", "x.csv", "--workers", "0"],
        ["extract", "--audio", ".", "--out", "x.csv", "--windows", "-3"],
        ["extract", "--audio", ".", "--out", "x.csv", "--windows", "0"],
        ["fit", "--out", "x", "--seed", "-1"],
        ["fit", "--out", "x", "--seed", "4294967296"],
        ["fit", "--out", "x", "--max-epochs", "0"],
        ["fit", "--out", "x", "--max-epochs", "-2"],
        ["invariance", "--audio", ".", "--windows", "0"],
        ["invariance", "--audio", ".", "--seed", "-1"],
    ],
    ids=" ".join,
)
def test_numbers_that_nothing_can_be_done_with(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(wrong)
    assert caught.value.code == 2
    assert f"{wrong[-1]} is not a whole number from" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("out", ["file/bundle", "n" * 300, "file/deep/bundle"])
def test_what_cannot_be_written_is_said_before_the_work(
    out: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    for command in (["fit", "--table", str(table)], ["extract", "--audio", str(tmp_path)]):
        assert main([*command, "--out", str(tmp_path / out)]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert "cannot be written" in line


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("split", "train", "the column 'split' leaves no rows to test on"),
        ("split", "test", "the column 'split' leaves no rows to train on"),
        ("quality", "near", "no rows are left to train on"),
        ("label", "house", "all rows are house: at least two genres"),
    ],
)
@pytest.mark.parametrize("model", ["reference", "default"])
def test_tables_that_nothing_can_be_learned_from(
    column: str, value: str, why: str, model: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if model == "default" and column == "split":
        pytest.skip("the default model has folds of its own")
    frame(columns=columns_of(FAMILIES)).assign(**{column: value}).to_parquet(tmp_path / "table.parquet")
    command = ["fit", "--table", str(tmp_path / "table.parquet"), "--model", model, "--out", str(tmp_path / "bundle")]
    assert main(command) == 1
    assert why in capsys.readouterr().err.splitlines()[-1]
