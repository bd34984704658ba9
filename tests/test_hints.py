"""Suggestions for misspelled names: the most similar name, or none."""

import pytest

from skrnn._hints import closest, did_you_mean

PARAMETERS = ["dropout", "layer_dropout", "learning_rate", "recurrent_dropout", "units"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("droput", "dropout"),
        ("unit", "units"),
        ("learningrate", "learning_rate"),
        ("layer_dropot", "layer_dropout"),
        ("recurent_dropout", "recurrent_dropout"),
        ("units", "units"),
        ("Units", "units"),
    ],
)
def test_a_near_miss_finds_the_most_similar_of_several_names(name, expected):
    assert closest(name, PARAMETERS) == expected


@pytest.mark.parametrize("name", ["", "colour", "x" * 100, "UNITS"])
def test_nothing_is_suggested_if_no_name_is_similar(name):
    assert closest(name, PARAMETERS) is None


def test_nothing_is_suggested_if_there_are_no_names():
    assert closest("units", []) is None


def test_the_cutoff_is_the_least_similarity():
    assert closest("mnist-lstm", ["imdb-lstm32"], cutoff=0.5) == "imdb-lstm32"
    assert closest("mnist-lstm", ["imdb-lstm32"], cutoff=0.9) is None
    assert closest("units", PARAMETERS, cutoff=1.0) == "units"


def test_the_order_of_the_names_does_not_matter():
    names = ["adamax", "adamaw", "adamay"]
    assert len({closest("adama", order) for order in (names, names[::-1], sorted(names), {*names})}) == 1


def test_a_suggestion_is_a_sentence_to_append():
    assert f"Unknown optimizer 'adm'.{did_you_mean('adam')}" == "Unknown optimizer 'adm'. Did you mean 'adam'?"
    assert did_you_mean(None) == ""
