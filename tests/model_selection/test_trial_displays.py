"""Displays of a search in progress: what the bars and the lines show."""

import re
from datetime import datetime, timedelta
from io import StringIO

import nbformat
import optuna
import pytest
from nbclient import NotebookClient
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState
from rich.console import Console
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import FitFailedWarning

from skrnn.model_selection import OptunaSearchCV, open_storage, trial_display
from skrnn.model_selection.studies import ask, running_trials
from skrnn.model_selection.trial_displays import TrialBars, TrialLines
from skrnn.model_selection.workers import WORKER, register, this_worker


def console_of(*, live):
    return Console(file=StringIO(), force_terminal=live, width=80, legacy_windows=False)


def test_a_terminal_gets_bars_and_a_file_lines():
    assert type(trial_display(2, console=console_of(live=True))) is TrialBars
    assert type(trial_display(2, console=console_of(live=False))) is TrialLines


@pytest.mark.parametrize("n_trials", [3, None])
def test_lines_say_how_each_trial_ended(n_trials):
    def space(trial):
        if trial.number == 1:
            raise RuntimeError("no candidate")
        return {"strategy": "uniform" if trial.number else "prior"}

    console = console_of(live=False)
    data = [[0.0]] * 8, [0, 0, 0, 1] * 2
    with trial_display(n_trials, console=console) as display:
        search = OptunaSearchCV(DummyClassifier(random_state=0), space, n_trials=3, cv=2, callbacks=display)
        with pytest.warns(FitFailedWarning, match="1 of 3 trials failed"):
            search.fit(*data)
    of = "" if n_trials is None else "/3"
    first, second, third = console.file.getvalue().splitlines()
    assert re.fullmatch(rf"\[1{of}\] trial 0: score 0\.7500, \d\.\d s, the best so far", first)
    assert re.fullmatch(rf"\[2{of}\] trial 1: failed: RuntimeError: no candidate, \d\.\d s", second)
    assert re.fullmatch(rf"\[3{of}\] trial 2: score 0\.\d{{4}}, \d\.\d s", third)


def test_verbose_shows_the_trials_on_the_standard_error(capsys):
    space = {"strategy": CategoricalDistribution(["prior"])}
    OptunaSearchCV(DummyClassifier(), space, n_trials=2, cv=2, verbose=1).fit([[0.0]] * 8, [0, 1] * 4)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert [line.partition(",")[0] for line in printed.err.splitlines()] == [
        "[1/2] trial 0: score 0.5000",
        "[2/2] trial 1: score 0.5000",
    ]


CELL = """
import time
from optuna.distributions import CategoricalDistribution
from sklearn.dummy import DummyClassifier
from skrnn.model_selection import OptunaSearchCV

class Slow(DummyClassifier):
    def fit(self, X, y):
        time.sleep(0.4)  # the running trials are shown after 0.3 s
        return super().fit(X, y)

space = {"strategy": CategoricalDistribution(["prior"])}
OptunaSearchCV(Slow(), space, n_trials=2, cv=2, verbose=1).fit([[0.0]] * 8, [0, 1] * 4);
"""


def test_a_notebook_gets_bars_that_are_updated_in_place():
    cell = nbformat.v4.new_code_cell(CELL)
    executed = NotebookClient(nbformat.v4.new_notebook(cells=[cell]), kernel_name="python3", timeout=120).execute()
    shown = [output["data"] for output in executed.cells[0].outputs if output["output_type"] == "display_data"]
    assert len(shown) == 1
    for text in (shown[0]["text/plain"], shown[0]["text/html"]):
        assert re.search(r"^(<pre.*>)?Trials .* 2/2 0:\d\d, best score 0\.5000\n(</pre>\n)?$", text)
    printed = [output["text"] for output in executed.cells[0].outputs if output["output_type"] == "stream"]
    assert not any("trial 0" in text for text in printed)


def made_trial(number, state, **more):
    now = datetime.now()
    stamps = {"datetime_start": now - timedelta(seconds=2), "datetime_complete": now if state.is_finished() else None}
    return optuna.trial.FrozenTrial(
        number=number, state=state, value=None, params={}, distributions={}, user_attrs={}, system_attrs={},
        intermediate_values=more.pop("intermediate_values", {}), trial_id=number, **stamps, **more,
    )  # fmt: skip


def test_bars_show_the_running_trials_and_no_others():
    console = console_of(live=True)
    bars = TrialBars(20, None, console)
    bars.show_running([("a", made_trial(3, TrialState.RUNNING)), ("a", made_trial(4, TrialState.RUNNING))])
    bars.show_running([("a", made_trial(4, TrialState.RUNNING, intermediate_values={1: 0.25, 2: 0.5}))])
    assert [task.description for task in bars.bars.tasks] == ["Trials", "  trial 4"]
    assert bars.bars.tasks[1].fields == {"count": "epoch 2", "note": "score 0.5000"}


def test_bars_tell_the_best_of_all_workers():
    console = console_of(live=True)
    study = optuna.create_study(direction="maximize")
    for value in (0.5, 0.75, 0.625):
        study.tell(ask(study, None), value)
    with TrialBars(8, None, console) as bars:
        bars(study, study.trials[-1])
        shown = bars.bars.tasks[0]
    assert (shown.completed, shown.total, shown.fields["count"]) == (3, 8, "3/8")
    assert re.fullmatch(r"0:\d\d, best score 0\.7500", shown.fields["note"])


def test_trials_that_run_are_those_of_living_workers(tmp_path):
    storage = open_storage(str(tmp_path / "search.journal"))
    study = optuna.create_study(storage=storage, study_name="mine")
    living, dead, ended = study.ask(), study.ask(), study.ask()
    register(living)
    dead.set_user_attr(WORKER, {**this_worker(), "id": "another", "pid": 2**22 + 1})
    study.tell(ended, 1.0)
    assert [(name, trial.number) for name, trial in running_trials(storage)] == [("mine", 0)]
