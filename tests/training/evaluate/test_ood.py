"""What is refused, counted by hand."""

import numpy as np
import pytest

from training.evaluate.ood import KindRejection, OodScores, measure_rejection


def ood_score(values: list[float], tracks: list[str], kinds: list[str]) -> OodScores:
    return OodScores(np.array(values, np.float32), np.array(tracks), np.array(kinds))


EDM = ood_score([0.1, 0.2, 0.9, 0.2, 0.3, 0.4], list("aabcde"), ["songs"] * 6)
OTHERS = ood_score([0.9, 0.4, 0.8, 0.1], list("xxyz"), ["speech", "speech", "noise", "noise"])


def test_windows_and_tracks_at_the_threshold() -> None:
    result = measure_rejection(EDM, OTHERS, ood_threshold=0.6)
    noise, speech = result.kinds
    # Track x has a mean of 0.65: refused, though one of its windows is not.
    assert speech == KindRejection("speech", windows=2, tracks=1, refused_windows=0.5, refused_tracks=1.0)
    assert noise == KindRejection("noise", windows=2, tracks=2, refused_windows=0.5, refused_tracks=0.5)
    assert result.edm == KindRejection(
        "EDM", windows=6, tracks=5, refused_windows=pytest.approx(1 / 6), refused_tracks=pytest.approx(1 / 5)
    )


def test_a_lower_threshold_costs_edm_and_catches_more() -> None:
    (loose, strict) = measure_rejection(EDM, OTHERS, ood_threshold=0.6, edm_shares=(0.2, 0.6)).trade_offs
    assert loose.edm_refused < strict.edm_refused
    assert loose.ood_threshold > strict.ood_threshold
    assert strict.others_refused == pytest.approx(2 / 3)
