"""The report is one page that contains every number of the comparison, and needs nothing from elsewhere."""

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from skrnn.report import as_fragment, write_report
from skrnn.report.descriptions import verdict_of

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class Element:
    """An element of a page: its text is that of all elements within it."""

    tag: str
    attributes: dict[str, str]
    children: list = field(default_factory=list)

    @property
    def text(self):
        words = (child if isinstance(child, str) else child.text for child in self.children)
        return re.sub(r"\s+", " ", "".join(words)).strip()

    def all(self, *tags):
        return [child for child in self.walk() if child.tag in tags]

    def walk(self):
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()


class Parser(HTMLParser):
    """Makes a tree, and refuses tags that are closed in the wrong order or not at all."""

    def __init__(self):
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag, attributes):
        element = Element(tag, dict(attributes))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].children.append(data)


def parse(html):
    parser = Parser()
    parser.feed(html)
    parser.close()
    (root,) = parser.open  # everything is closed
    return root


def rows_of(page, name):
    """Return the cells of a table by its title's anchor."""
    (table,) = [each for each in page.all("table") if each.attributes["aria-labelledby"] == f"{name}-title"]
    return [[cell.text for cell in row.all("th", "td")] for row in table.all("tr")]


@pytest.fixture(scope="session")
def page(written):
    return parse(written.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def without_pictures():
    """Return a function that makes the page of a comparison quickly."""

    def parsed(comparison, settings=None, X=None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("skrnn.report.pictures.pictures", lambda *_: {})
            from skrnn.report.page import render

            return parse(render(comparison, X=X, settings=settings or {}))

    return parsed


# The page


def test_begins_with_the_conclusion(page, comparison):
    (heading,) = page.all("h1")
    assert heading.text == '<b>linear</b> and Bayes & "sons" on <i>digits</i>'
    (header,) = page.all("header")
    sentences = [element.text for element in header.all("p", "li")]
    assert sentences == comparison.conclusion().splitlines()


def test_summary_has_the_numbers_of_the_comparison_best_first(page, comparison):
    heading, *rows = rows_of(page, "summary")
    table = comparison.summary().sort_values("rank")
    assert heading == ["Classifier", "Mean accuracy", "95 % interval", "Rank", "SD", "Lowest", "Highest", "Splits"]
    expected = [
        [
            f"{name} baseline" if name == "tree" else name,
            f"{row['mean']:.3f}",
            f"{row['low']:.3f} to {row['high']:.3f}",
            f"{row['rank']}",
            *(f"{row[column]:.3f}" for column in ("std", "min", "max")),
            "6",
        ]
        for name, row in table.iterrows()
    ]
    assert rows == expected


def test_pairs_have_the_numbers_of_the_comparison(page, comparison):
    heading, *rows = rows_of(page, "pairs")
    assert heading[:4] == ["Pair (a, b)", "Verdict", "a − b", "95 % interval"]  # noqa: RUF001
    table = comparison.pairwise()
    assert len(rows) == len(table) == 3
    for row, pair in zip(rows, table.itertuples(), strict=True):
        assert row[0] == f"{pair.a}, {pair.b}"
        assert row[1] == verdict_of(pair)
        assert float(row[2].replace("−", "-")) == pytest.approx(pair.difference, abs=0.0005001)  # noqa: RUF001
        low, high = (float(end) for end in row[3].replace("−", "-").split(" to "))  # noqa: RUF001
        assert [low, high] == pytest.approx([pair.low, pair.high], abs=0.0005001)
        numbers = (pair.p_worse, pair.p_equivalent, pair.p_better, pair.pvalue, pair.pvalue_holm)
        for text, value in zip(row[4:], numbers, strict=True):
            expected = "<0.001" if value < 0.001 else ">0.999" if value > 0.999 else f"{value:.3f}"
            assert text == expected


def test_every_score_and_metric_is_on_the_page(page, comparison):
    heading, *rows = rows_of(page, "splits")
    assert heading == ["Repeat", "Fold", "Fitted", "Scored", *comparison.architectures]
    assert [row[4:] for row in rows] == [[f"{score:.3f}" for score in scores] for scores in comparison.scores.T]
    assert [row[:4] for row in rows[:4]] == [["1", "1", "160", "80"], ["1", "2", "160", "80"],
                                             ["1", "3", "160", "80"], ["2", "1", "160", "80"]]  # fmt: skip
    heading, first, *_ = rows_of(page, "metrics")
    assert heading == ["Classifier", "accuracy", "neg log loss"]
    row = comparison.architectures.index(first[0])
    losses = comparison.metric_scores["neg_log_loss"][row]
    assert first[2].replace("−", "-") == f"{losses.mean():.3f} ± {losses.std(ddof=1):.3f}"  # noqa: RUF001


def test_data_and_how_to_repeat(page, digits):
    classes = {row[0]: row[1] for row in rows_of(page, "classes")[1:]}
    assert classes == {str(label): str(np.sum(digits[1] == label)) for label in range(4)}
    assert "240 samples. X has the shape (240, 64)." in page.text
    (code,) = page.all("code")
    assert code.text == "skrnn compare digits --out 'a<b'"
    terms = {term.text: value.text for term, value in zip(page.all("dt"), page.all("dd"), strict=True)}
    assert {"seed": "1234", "network.units": "32", "python": "3.99.1", "tensorflow": "9.8.7"}.items() <= terms.items()
    assert "3 folds × 2 repeats" in terms["Design"]  # noqa: RUF001
    assert "Nadeau" in terms["Intervals and p"]
    assert "Corani" in terms["Probabilities"]
    assert terms["Splits"].startswith("Cross-validation with 3 folds, repeated 2 times")
    assert "Accuracy decides. neg log loss is shown too." in terms["Metric"]


def test_names_are_text_and_not_markup(written):
    html = written.read_text(encoding="utf-8")
    assert "<b>" not in html
    assert "<i>" not in html
    assert "&lt;b&gt;linear&lt;/b&gt;" in html


def test_needs_nothing_from_elsewhere(page, written):
    assert written.stat().st_size < 5_000_000
    for element in page.walk():
        assert element.tag not in ("link", "script", "iframe", "object")
        for name in ("src", "srcset", "href"):
            address = element.attributes.get(name, "#")
            assert address.startswith(("#", "data:image/svg+xml;base64,", "data:image/png;base64,")), address[:60]
    (style,) = page.all("style")
    assert "url(" not in style.text
    assert "@import" not in style.text


def test_is_accessible(page):
    (html,) = page.all("html")
    assert html.attributes["lang"] == "en"
    levels = [int(heading.tag[1]) for heading in page.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert {cell.attributes.get("scope") for cell in page.all("th")} == {"col", "row"}
    anchors = [element.attributes["id"] for element in page.walk() if "id" in element.attributes]
    assert len(set(anchors)) == len(anchors)
    for element in page.walk():
        for target in ("aria-labelledby", "href"):
            if (name := element.attributes.get(target)) is not None:
                assert name.removeprefix("#") in anchors


def test_every_picture_has_a_description_with_the_numbers(page, comparison):
    images = {figure.attributes["id"]: figure.all("img")[0].attributes for figure in page.all("figure")}
    assert [*images] == ["scores", "differences", "costs", "learning_curves", "confusion", "hardest"]
    best = comparison.summary().sort_values("rank").iloc[0]
    start = f"Mean accuracy with its 95 % interval, best first: {best.name} {best['mean']:.3f} ({best['low']:.3f} to "
    assert images["scores"]["alt"].startswith(start)
    assert "loss 0.500 in training and 0.600 in validation" in images["learning_curves"]["alt"]
    for attributes in images.values():
        assert int(attributes["width"]) > 0
        assert int(attributes["height"]) > 0


def test_pictures_have_a_rendering_for_dark_and_for_narrow_screens(page):
    for figure in page.all("figure"):
        sources = {source.attributes["media"]: source.attributes["srcset"] for source in figure.all("source")}
        (light,) = figure.all("img")
        assert sources["screen and (prefers-color-scheme: dark)"] != light.attributes["src"]
        if figure.attributes["id"] in ("costs", "learning_curves", "confusion"):
            assert len({*sources.values(), light.attributes["src"]}) == 4


@pytest.mark.long
def test_same_comparison_makes_the_same_page(comparison, digits, settings, written, tmp_path):
    again = write_report(comparison, tmp_path / "again.html", X=digits[0], settings=settings)
    assert again.read_bytes() == written.read_bytes()


# Comparisons of other kinds


def test_fixed_test_set(of_test_set, without_pictures):
    page = without_pictures(of_test_set)
    terms = {term.text: value.text for term, value in zip(page.all("dt"), page.all("dd"), strict=True)}
    assert terms["Design"] == "one test set, 2 trainings"
    assert terms["Samples"] == "120 to fit, 120 to test"
    assert "McNemar" in terms["p"]
    assert "10,000 resamples" in terms["Intervals and probabilities"]
    assert "Nadeau" not in page.text
    assert sum(int(row[1]) for row in rows_of(page, "classes")[1:]) == 120
    assert "Samples of each class in the test set" in page.text


def test_missing_fits_are_listed(unfinished, comparison, without_pictures):
    page = without_pictures(unfinished)
    problems = [each.text for each in page.all("p") if each.attributes.get("class") == "problem"]
    assert problems == [
        "Only 16 of 18 fits are finished: the comparison was interrupted.",
        "1 fit failed and has no score: <b>linear</b> (repeat 1, fold 2).",
    ]
    assert rows_of(page, "splits")[-1][-2:] == ["–", "–"]  # noqa: RUF001
    assert [each for each in without_pictures(comparison).all("p") if each.attributes.get("class") == "problem"] == []


def test_repeated_looks_are_explained(comparison, without_pictures):
    assert "at most 8 times" in without_pictures(replace(comparison, n_looks=8)).text
    assert "looked at after each repeat" not in without_pictures(comparison).text


def test_limits_of_the_verdicts(comparison, without_pictures):
    page = without_pictures(comparison)
    terms = {term.text: value.text for term, value in zip(page.all("dt"), page.all("dd"), strict=True)}
    limits = re.findall(r"For pairs (.*?): better .*? of (0[.]9\d+), equivalent from (0[.]9\d+)", terms["Verdicts"])
    levels = {"tree" in (pair.a, pair.b): pair.level for pair in comparison.posteriors()}
    assert levels[True] == pytest.approx(levels[False] / 2)
    assert [family for family, _, _ in limits] == ["of networks", "with a baseline"]
    for (_, better, equivalent), level in zip(limits, (levels[False], levels[True]), strict=True):
        assert float(better) == pytest.approx(1 - level / 2, abs=0.05 * level)
        assert float(equivalent) == pytest.approx(1 - level, abs=0.05 * level)


def test_long_conclusion_is_folded_up(comparison, without_pictures, monkeypatch):
    sentences = [f"Sentence {number}." for number in range(30)]
    monkeypatch.setattr(type(comparison), "conclusion", lambda _: "\n".join(sentences))
    for root in (without_pictures(comparison).all("header")[0], parse(as_fragment(comparison))):
        assert [each.text for each in root.all("p", "li")] == sentences
        (folded,) = root.all("details")
        assert [each.text for each in folded.all("p", "li")] == sentences[-len(folded.all("p", "li")) :]


def test_many_classes_are_summed_up(comparison, without_pictures):
    many = replace(comparison, classes=np.arange(40), y_true=np.repeat(np.arange(40), 6))
    rows = rows_of(without_pictures(many), "classes")[1:]
    assert len(rows) == 31
    assert rows[-1] == ["10 more classes", "60", "25.0 %"]


def test_samples_with_several_labels(comparison, tmp_path):
    nothing = ((None,) * 6,) * 3
    several = replace(comparison, classes=None, y_true=None, predicted=nothing, probabilities=nothing)
    page = parse(write_report(several, tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "confusion" not in [figure.attributes["id"] for figure in page.all("figure")]
    assert "A sample can have several labels." in page.text


@pytest.mark.parametrize(
    ("X", "form"),
    [
        (["one", "three", "seven"] * 80, "X holds texts of 3 to 5 characters, with a median of 5."),
        ([np.zeros((2, 3)), np.zeros((9, 3))] * 120, "X holds sequences of 2 to 9 steps, with a median of 5.5."),
        ([[1, 2]] * 240, "X holds sequences of 2 steps."),
    ],
)
def test_form_of_the_samples(comparison, without_pictures, X, form):
    assert form in without_pictures(comparison, X=X).text


def test_no_settings(comparison, without_pictures):
    assert "knows neither command, nor seed, nor versions" in without_pictures(comparison).text


def test_x_of_another_length_is_refused(comparison, tmp_path):
    with pytest.raises(ValueError, match=r"X must be the X of the comparison, with 240 samples\. Got 3 instead"):
        write_report(comparison, tmp_path / "report.html", X=np.zeros((3, 64)))
    assert not (tmp_path / "report.html").exists()


def test_folder_that_does_not_exist_is_refused(comparison, tmp_path):
    with pytest.raises(FileNotFoundError, match="Create it before"):
        write_report(comparison, tmp_path / "none" / "report.html")


# The fragment


def test_fragment_is_a_table_and_the_conclusion(comparison):
    root = parse(as_fragment(comparison))
    assert comparison._repr_html_() == as_fragment(comparison)
    table = comparison.summary().sort_values("rank")
    rows = [[cell.text for cell in row.all("th", "td")] for row in root.all("tr")]
    assert rows[0] == ["Classifier", "Mean accuracy", "95 % interval", "Parameters"]
    assert [row[0].removesuffix(" (baseline)") for row in rows[1:]] == table.index.tolist()
    assert [row[1] for row in rows[1:]] == [f"{mean:.3f}" for mean in table["mean"]]
    assert [sentence.text for sentence in root.all("p")] == comparison.conclusion().splitlines()
    assert root.all("style", "script", "img") == []


def test_fragment_names_missing_fits(unfinished):
    assert "Only 16 of 18 fits are finished" in parse(as_fragment(unfinished)).text


# Words


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("better", "LSTM is better"),
        ("worse", "GRU is better"),
        ("equivalent", "practically equivalent"),
        ("undecided", "cannot tell"),
        ("undecidable", "cannot tell: too few samples"),
    ],
)
def test_verdict_in_words(verdict, words):
    assert verdict_of(SimpleNamespace(a="LSTM", b="GRU", verdict=verdict)) == words
