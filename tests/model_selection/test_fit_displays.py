"""Displays of fits in progress: what the bars and the lines show."""

import re
from io import StringIO

import pytest
from rich.console import Console

from skrnn.model_selection import FitEvent, fit_display
from skrnn.model_selection.fit_displays import FitBars, FitLines
from skrnn.model_selection.live_bars import duration


def console_of(*, live):
    return Console(file=StringIO(), force_terminal=live, width=80, legacy_windows=False)


def test_a_terminal_gets_bars_and_a_file_lines():
    assert type(fit_display(["LSTM"], 2, console=console_of(live=True))) is FitBars
    assert type(fit_display(["LSTM"], 2, console=console_of(live=False))) is FitLines


def test_lines_name_the_fit_and_the_score_unless_it_was_finished_before():
    console = console_of(live=False)
    with fit_display(["LSTM", "GRU"], 2, score="f1", console=console) as lines:
        lines(FitEvent("end", "LSTM", 0, score=0.25, fit_seconds=1.0))
        lines(FitEvent("begin", "GRU", 1))
        lines(FitEvent("end", "GRU", 1, score=0.75, fit_seconds=1.25))
        lines(FitEvent("begin", "GRU", 0))
        lines(FitEvent("end", "GRU", 0, score=float("nan")))
    assert console.file.getvalue().splitlines() == [
        "[2/4] GRU, split 1: f1 0.7500 in 1.2 s",
        "[3/4] GRU, split 0: failed",
    ]


def test_bars_show_means_all_fits_and_the_epochs_of_those_that_run():
    console = console_of(live=True)
    title = "{0.architecture}, fold {0.split}".format
    with FitBars(["LSTM", "GRU"], 2, title, console) as bars:
        bars(FitEvent("begin", "LSTM", 0))
        bars(FitEvent("end", "LSTM", 0, score=0.75, fit_seconds=1.0))
        bars(FitEvent("epoch", "LSTM", 0, epoch=9, n_epochs=9))  # comes late, and is over
        bars(FitEvent("begin", "GRU", 1))
        bars(FitEvent("epoch", "GRU", 1, epoch=3, n_epochs=6))
        shown = {task.description: task for task in bars.bars.tasks}
    assert list(shown) == ["LSTM", "GRU", "All fits", "  GRU, fold 1"]
    assert shown["LSTM"].fields == {"count": "1/2", "note": "accuracy 0.7500"}
    assert shown["GRU"].fields == {"count": "0/2", "note": ""}
    assert shown["All fits"].completed == 1.5
    assert shown["All fits"].fields["count"] == "1/4"
    assert re.fullmatch(r"0:\d\d, 0:\d\d left", shown["All fits"].fields["note"])
    assert shown["  GRU, fold 1"].fields == {"count": "3/6", "note": "epochs"}


def test_bars_show_the_trials_of_a_search():
    console = console_of(live=True)
    with FitBars(["LSTM"], 2, "fold {0.split}".format, console) as bars:
        bars(FitEvent("begin", "LSTM", 0))
        bars(FitEvent("trial", "LSTM", 0, trial=2, n_trials=8))
        (bar,) = (task for task in bars.bars.tasks if task.description == "  fold 0")
        assert bar.fields == {"count": "2/8", "note": "trials"}
        assert bars.bars.tasks[1].completed == 0.25


def test_what_was_done_before_says_nothing_of_the_time_that_is_left():
    console = console_of(live=True)
    title = "{0.architecture}, seed {0.split}".format
    with FitBars(["small", "large"], 2, title, console, {"small": 1.0, "large": 9.0}) as bars:
        bars(FitEvent("end", "large", 0, score=0.5, fit_seconds=1.0))
        assert bars.bars.tasks[2].fields["note"] == ""
        bars(FitEvent("begin", "small", 0))
        bars(FitEvent("epoch", "small", 0, epoch=1, n_epochs=2))
        shown = bars.bars.tasks[2]
        assert (shown.completed, shown.total, shown.fields["count"]) == (9.5, 20, "1/4")
        bars.started -= 10  # half of the small one took ten seconds: 10.5 of 20 are left
        assert bars._time() == "0:10, 3:30 left"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (754, "12:34"), (3725, "1:02:05")])
def test_durations_are_read_like_a_clock(seconds, text):
    assert duration(seconds) == text
