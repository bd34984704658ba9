"""Output of the commands at any width: nothing shown is cut off, and the least important columns are left out first."""

import os
import re
import subprocess
import sys
from io import StringIO
from math import nan

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from skrnn.cli import compare, reproduce
from skrnn.cli.layout import Column, print_table
from skrnn.model_selection import ArchitectureComparison, FitEvent
from skrnn.model_selection.fit_displays import FitBars
from skrnn.model_selection.trial_displays import TrialBars
from skrnn.recipes import list_recipes, load_recipe

WIDTHS = (140, 80, 60, 40, 24)


def console_of(width, *, live=False):
    return Console(
        file=StringIO(),
        width=width,
        force_terminal=live,
        force_interactive=True,
        legacy_windows=False,
        color_system=None,
    )


def printed(console):
    text = console.file.getvalue()
    lines = text.splitlines()
    assert "…" not in text
    assert all(len(line) <= console.width for line in lines)
    return lines


def made_comparison(names):
    shape = len(names), 2
    scores = np.linspace(0.5, 0.99, 2 * len(names)).reshape(shape)
    scores[-1] = nan
    folds = np.arange(2)
    numbers = np.full(shape, 1_234_567.0)
    return ArchitectureComparison(
        architectures=names, metric_scores={"accuracy": scores}, repeats=folds * 0, folds=folds,
        n_train=folds + 9, n_test=folds + 9, finished=np.ones(shape, dtype=bool),
        fit_seconds=numbers / 1e4, score_seconds=numbers / 1e6, latency_seconds=numbers / 1e9,
        n_parameters=numbers, n_epochs=np.full(shape, 100.0), curves=(({}, {}),) * len(names),
    )  # fmt: skip


# Tables


def test_the_least_important_columns_are_left_out_first():
    columns = [
        Column("", ["name"]),
        Column("z", ["1"], worth=1),
        Column("w", ["1"]),
        Column("x", ["333"], worth=3),
        Column("y", ["22"], worth=2),
    ]
    seen = []
    for width in range(6, 30):
        console = console_of(width)
        left_out = print_table(console, columns)
        lines = printed(console)
        shown = sorted(lines[1].split())
        assert sorted([*shown, *left_out]) == ["w", "x", "y", "z"]
        assert lines[3].split()[0] == "name" or width < 9
        seen += [shown] if shown not in seen else []
    assert seen == [["w"], ["w", "x"], ["w", "x", "y"], ["w", "x", "y", "z"]]


@pytest.mark.parametrize("width", WIDTHS)
def test_names_and_scores_of_a_comparison_stay_whole(width):
    comparison = made_comparison(("SimpleRNN", "LSTM", "GRU"))
    console = console_of(width)
    compare._print_table(comparison, console)
    lines = printed(console)
    if width >= 40:
        for name, row in comparison.summary().dropna(subset=["mean"]).iterrows():
            start = f" {name} .*{row['mean']:.4f} ± {row['std']:.4f}( |$)"
            assert len([line for line in lines if re.match(start, line)]) == 1
    headings = ["Predict ms", "Epochs", "Fit s", "Parameters", "95 % interval"]
    shown = [heading for heading in headings if any(f" {heading} " in f"{line} " for line in lines[:3])]
    assert shown == headings[len(headings) - len(shown) :]
    assert len(shown) == {140: 5, 80: 4, 60: 2, 40: 0, 24: 0}[width]
    says_so = any(line.startswith("Too narrow for ") for line in lines)
    assert says_so == (len(shown) < 5)


def test_names_that_do_not_fit_are_folded():
    console = console_of(40)
    compare._print_table(made_comparison(("a network with a very long name", "b")), console)
    words = " ".join(printed(console)[3:6]).split()
    assert [word for word in words if word.isalpha()] == [*["a", "network", "with", "a", "very", "long", "name"], "b"]


@pytest.mark.parametrize("n_keras", [0, 5])
@pytest.mark.parametrize("width", [120, *WIDTHS[:-1]])
def test_names_and_accuracies_of_reproduced_systems_stay_whole(width, n_keras):
    names = list_recipes()
    n = len(names)
    summary = pd.DataFrame(
        {
            "n_parameters": [load_recipe(name).n_parameters for name in names],
            "skrnn_test_accuracy": np.linspace(0.98, 0.991, n),
            "skrnn_test_accuracy_std": np.full(n, 0.0012),
            "skrnn_train_accuracy": np.ones(n),
            "skrnn_test_loss": np.full(n, 0.0456),
            "skrnn_fit_seconds": np.full(n, 123.0),
            "keras_n_seeds": np.full(n, n_keras),
            "keras_test_accuracy": np.full(n, 0.985),
            "keras_test_accuracy_std": np.full(n, 0.0034),
            "difference": np.full(n, -0.0041),
            "difference_low": np.full(n, -0.012),
            "difference_high": np.full(n, 0.0038),
            "verdict": [""] * n,
        },
        index=names,
    )
    console = console_of(width)
    reproduce._print_table(summary, console)
    lines = printed(console)
    for name in names:
        short = name.partition("-")[2]
        assert [line for line in lines if re.match(rf" {re.escape(short)} .*\d\d\.\d+ ± 0\.12", line)]
        if n_keras and width >= 80:
            (row,) = [line for line in lines if line.startswith(f" {short} ")]
            assert " 98.50 ± 0.34 " in row
            assert " -0.41 [-1.20, +0.38]" in row
    assert any(line.startswith("Too narrow for ") for line in lines) == (width < (120 if n_keras else 80))


@pytest.mark.parametrize("width", WIDTHS)
def test_systems_are_listed_by_their_whole_names(width):
    console = console_of(width)
    reproduce._list(console)
    words = {word for line in printed(console) for word in line.split()}
    if width >= 40:
        assert set(list_recipes()) <= words
    assert "SimpleRNN" in words


# Bars


@pytest.mark.parametrize("width", WIDTHS)
def test_live_bars_of_fits_are_whole_at_any_width(width):
    console = console_of(width, live=True)
    with FitBars(["SimpleRNN", "LSTM"], 10, "{0.architecture}, fold {0.split}".format, console) as bars:
        for event in (
            FitEvent("begin", "SimpleRNN", 0),
            FitEvent("end", "SimpleRNN", 0, score=0.75, fit_seconds=1.0),
            FitEvent("begin", "LSTM", 10),
            FitEvent("epoch", "LSTM", 10, epoch=3, n_epochs=100),
        ):
            bars(event)
        shown = console_of(width)
        shown.print(bars.bars.get_renderable())
    lines = printed(shown)
    assert re.match(r"SimpleRNN .*0\.7500 *$", lines[0])
    assert "LSTM, fold 10" in " ".join(lines) or width < 30
    assert ("━" in lines[0]) == (width >= 60)
    assert ("1/10" in lines[0]) == (width >= 40)
    assert ("accuracy 0.7500" in lines[0]) == (width >= 40)


@pytest.mark.parametrize("width", WIDTHS)
def test_live_bars_of_trials_are_whole_at_any_width(width):
    console = console_of(width)
    bars = TrialBars(30, None, console)
    bars.bars.update(bars.of_all, completed=12, count="12/30", note="1:02:05, best accuracy 0.9700")
    bars.bars.add_task("  trial 12", total=None, count="epoch 100", note="accuracy 0.5000")
    console.print(bars.bars.get_renderable())
    first, second = printed(console)
    assert re.match(r"Trials .*0\.9700 *$", first)
    assert re.match(r"  trial 12 .*0\.5000 *$", second)
    assert ("━" in first) == (width >= 60)


# Help


@pytest.mark.parametrize("width", [140, 100, 80, 60, 50])
def test_help_is_not_cut_off(width):
    code = "from skrnn.cli import main\nfor command in ('compare', 'tune', 'reproduce'): main([command, '--help'])"
    environment = {**os.environ, "COLUMNS": str(width), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    text = done.stdout.decode()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    for option in ("--data-home", "--n-jobs", "--storage", "--seeds"):
        assert f" {option} " in text
