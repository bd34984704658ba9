"""Numbers as text."""

import numpy as np
import pytest

from skrnn.report.numbers import amounts, count, interval, number, probability, score_decimals


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        ([1642.0, 5578.0, np.nan], ["1,642", "5,578", "–"]),  # noqa: RUF001
        ([1.755, 0.0004, 2.46], ["1.75", "<0.01", "2.46"]),
        ([10.264, 0.063, 0.12, 0.11], ["10.26", "0.06", "0.12", "0.11"]),
        ([0.0, 123.4], ["0", "123"]),
        ([np.nan], ["–"]),  # noqa: RUF001
        ([], []),
    ],
)
def test_a_column_has_one_number_of_decimals(values, cells):
    assert amounts(values) == cells


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "<0.001"), (1.0, ">0.999"), (0.9999, ">0.999"), (0.5, "0.500"), (0.027, "0.027"), (np.nan, "–")],  # noqa: RUF001
)
def test_no_probability_is_certain(value, text):
    assert probability(value) == text


def test_signs_and_intervals():
    assert number(-0.0214, 3, signed=True) == "−0.021"  # noqa: RUF001
    assert interval(-1.5, 2.0, 1, signed=True) == "−1.5 to +2.0"  # noqa: RUF001
    assert interval(np.nan, 2.0, 1) == "–"  # noqa: RUF001


@pytest.mark.parametrize(("scores", "places"), [([0.97], 3), ([1.0], 3), ([-0.1], 3), ([-45.2], 2), ([np.nan], 3)])
def test_shares_have_three_decimals(scores, places):
    assert score_decimals(scores) == places


def test_no_negative_zero():
    assert number(-0.0001, 3) == "0.000"
    assert number(-0.0001, 3, signed=True) == "+0.000"


def test_counts():
    assert count(1, "fold") == "1 fold"
    assert count(1797, "sample") == "1,797 samples"
