"""The examples in the docstrings do what they say."""

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

import classifier

MODULES = ["classifier", *(module.name for module in walk_packages(classifier.__path__, "classifier."))]
WITH_EXAMPLES = {
    "classifier", "classifier.decoding", "classifier.features", "classifier.keys", "classifier.palette",
    "classifier.probabilities",
    "classifier.quick", "classifier.results", "classifier.spectrogram", "classifier.tempo", "classifier.terminal",
    "classifier.times", "classifier.tonality", "classifier.versions",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_examples_do_what_they_say(name: str) -> None:
    done = doctest.testmod(import_module(name))
    assert done.failed == 0
    assert (done.attempted > 0) == (name in WITH_EXAMPLES)
