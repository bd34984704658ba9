"""Searches that are resumed, interrupted, killed, and shared by several processes."""

import json
import os
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.pruners import NopPruner
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import (
    KFold,
)

from skrnn import SimpleRNNClassifier
from skrnn.model_selection import OptunaSearchCV, workers
from skrnn.model_selection.studies import LOST, ask, counted_trials
from skrnn.model_selection.workers import WORKER

RATES = {"learning_rate": FloatDistribution(1e-3, 0.1, log=True)}


# Resuming


def test_the_number_of_trials_is_the_total(images, tmp_path, search_of):
    storage = tmp_path / "folder" / "search.journal"
    first = search_of(storage=storage, n_trials=2).fit(*images)
    second = search_of(storage=storage, n_trials=5).fit(*images)
    assert len(second.trials_) == 5
    assert [trial.params for trial in second.trials_[:2]] == [trial.params for trial in first.trials_]
    third = search_of(storage=storage, n_trials=3).fit(*images)
    assert len(third.trials_) == 5
    assert third.best_params_ == second.best_params_
    at_once = search_of(n_trials=5).fit(*images)  # in memory
    assert at_once.cv_results_["params"] == second.cv_results_["params"]
    np.testing.assert_array_equal(at_once.cv_results_["mean_test_score"], second.cv_results_["mean_test_score"])


def test_neither_resuming_nor_another_worker_repeats_parameters(images, tmp_path, search_of):
    rates = []
    for n_trials in (1, 2, 3, 4):  # each time as a new process would: with a new sampler of the same seed
        search = search_of(storage=str(tmp_path / "j"), n_trials=n_trials, sampler=TPESampler(seed=0)).fit(*images)
        rates = [params["learning_rate"] for params in search.cv_results_["params"]]
    assert len(set(rates)) == 4
    other = search_of(n_trials=4, random_state=1).fit(*images)
    assert not set(rates) & {params["learning_rate"] for params in other.cv_results_["params"]}


def test_a_database_is_a_storage_too(images, tmp_path, search_of):
    url = f"sqlite:///{tmp_path}/search.db"
    search_of(storage=url, n_trials=2).fit(*images)
    search = search_of(storage=url, n_trials=3, study_name="mine").fit(*images)
    assert len(search.trials_) == 3
    assert search.study_name_.startswith("mine-")
    storage = optuna.storages.RDBStorage(url)
    again = search_of(storage=storage, n_trials=4, study_name="mine").fit(*images)
    assert len(again.trials_) == 4


def test_only_trials_that_can_be_compared_meet_in_one_study(images, tmp_path, search_of):
    X, y = images
    storage = str(tmp_path / "j")
    name = search_of(storage=storage, n_trials=1).fit(X, y).study_name_
    assert search_of(storage=storage, n_trials=1, random_state=7).fit(X, y).study_name_ == name
    others = [
        search_of(storage=storage, n_trials=1).fit(X[1:], y[1:]),
        search_of(storage=storage, n_trials=1, cv=KFold(3)).fit(X, y),
        search_of(storage=storage, n_trials=1, scoring="neg_log_loss").fit(X, y),
        search_of(SimpleRNNClassifier(5, epochs=3), storage=storage, n_trials=1).fit(X, y),
    ]
    assert len({name, *(search.study_name_ for search in others)}) == 5


def test_timeout_begins_no_more_trials(images, search_of, monkeypatch):
    clock = [1_000.0]
    monkeypatch.setattr("skrnn.model_selection.trials.time.time", lambda: clock[0])
    monkeypatch.setattr("skrnn.model_selection.optuna_search.time.time", lambda: clock[0])

    def each_trial_takes_a_second(study, trial):
        clock[0] += 1

    search = search_of(n_trials=None, timeout=2.5, callbacks=each_trial_takes_a_second).fit(*images)
    assert len(search.trials_) == 3


def test_an_interrupt_leaves_a_search_that_can_be_used_and_resumed(images, tmp_path, search_of):
    def interrupt(study, trial):
        if trial.number == 1:
            raise KeyboardInterrupt

    search = search_of(storage=str(tmp_path / "j"), n_trials=4, callbacks=interrupt)
    with pytest.raises(KeyboardInterrupt):
        search.fit(*images)
    assert len(search.cv_results_["params"]) == 2
    assert search.best_params_ in search.cv_results_["params"]
    search.set_params(callbacks=None).fit(*images)
    assert len(search.trials_) == 4


def test_an_interrupt_in_the_middle_of_a_trial_loses_that_trial_alone(images, tmp_path, search_of):
    epochs = []

    class Interrupt(NopPruner):
        def prune(self, study, trial):
            epochs.append(trial.number)
            if epochs == [0, 0, 0, 1]:
                raise KeyboardInterrupt
            return False

    storage = str(tmp_path / "j")
    search = search_of(storage=storage, pruner=Interrupt())
    with pytest.raises(KeyboardInterrupt):
        search.fit(*images)
    assert len(search.trials_) == 1
    again = search_of(storage=storage).fit(*images)
    assert [trial.number for trial in again.trials_] == [0, 2, 3]
    (lost,) = [trial for trial in again.study_.trials if LOST in trial.user_attrs]
    assert (lost.number, lost.state, lost.user_attrs[LOST]) == (1, TrialState.FAIL, "interrupted")


# Many workers


def test_processes_share_one_study(images, search_of):
    search = search_of(n_trials=6, n_jobs=2, verbose=0).fit(*images)
    assert len(search.trials_) == 6
    rates = [params["learning_rate"] for params in search.cv_results_["params"]]
    assert len(set(rates)) == 6
    workers = {trial.user_attrs[WORKER]["pid"] for trial in search.trials_}
    assert len(workers) == 2
    assert os.getpid() not in workers
    serial = search_of(n_trials=1).fit(*images)
    assert serial.cv_results_["params"][0] == search.cv_results_["params"][0]


def test_callbacks_that_cannot_be_sent_to_processes_hear_of_their_trials(search_of, own_workers):
    lock, heard = threading.RLock(), []

    def callback(study, trial):
        with lock:
            heard.append(trial.number)

    search_of(DummyClassifier(), lambda trial: {}, n_jobs=2, callbacks=callback).fit(np.zeros((8, 2)), [0, 1] * 4)
    assert sorted(heard) == [0, 1, 2]


def test_callbacks_and_the_bar_hear_of_every_trial_here(images, capsys, search_of):
    heard = []

    def callback(study, trial):
        heard.append((os.getpid(), trial.number, trial.state))

    search_of(n_trials=3, callbacks=[callback], verbose=1).fit(*images)
    assert heard == [(os.getpid(), number, TrialState.COMPLETE) for number in range(3)]
    assert "trial 2: score " in capsys.readouterr().err


def test_callbacks_of_scikit_learn_see_every_trial(images, search_of):
    events = []

    class Listener:
        def setup(self, estimator, context):
            events.append("setup")

        def teardown(self, estimator, context):
            events.append("teardown")

        def on_fit_task_begin(self, estimator, context, **more):
            pass

        def on_fit_task_end(self, estimator, context, **more):
            events.append(context.task_name)

    search_of().set_callbacks(Listener()).fit(*images)
    assert [name for name in events if name in ("setup", "trial", "search", "fit", "teardown")] == [
        *("setup", "trial", "trial", "trial", "search", "fit", "teardown")
    ]


SCRIPT = """
import os, sys, signal
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import warnings; warnings.filterwarnings("ignore", ".*the last line was incomplete")
import skrnn
from optuna.distributions import FloatDistribution
from optuna.pruners import NopPruner
from skrnn.datasets import load_digits
from skrnn.model_selection import OptunaSearchCV
X, y = load_digits(return_X_y=True)
X, y = X[y < 3][:120], y[y < 3][:120]
network = skrnn.SimpleRNNClassifier(4, epochs=int(sys.argv[3]), random_state=0)
space = {"learning_rate": FloatDistribution(1e-3, 0.1, log=True)}
search = OptunaSearchCV(network, space, n_trials=int(sys.argv[2]), cv=2, random_state=0, pruner=NopPruner(),
    storage=sys.argv[1], callbacks=lambda study, trial: print(trial.number, flush=True))
search.fit(X, y)
print("trials", len(search.trials_), search.study_name_, flush=True)
"""


def start(storage, n_trials, epochs=3):
    command = [sys.executable, "-c", SCRIPT, str(storage), str(n_trials), str(epochs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def trials_of(storage, name):
    return optuna.load_study(study_name=name, storage=JournalStorage(JournalFileBackend(str(storage)))).trials


N_KILLS = int(os.environ.get("SKRNN_KILLS", "2"))  # more of them take minutes


def complete_trials(storage):
    (name,) = optuna.get_all_study_names(JournalStorage(JournalFileBackend(str(storage))))
    complete = [trial for trial in trials_of(storage, name) if trial.state == TrialState.COMPLETE]
    return [(trial.number, trial.params, trial.value, trial.intermediate_values) for trial in complete]


@pytest.mark.long
def test_killed_at_any_moment_a_search_loses_the_running_trial_alone(tmp_path):
    storage = tmp_path / "search.journal"
    finished = []
    for moment in np.random.default_rng(0).uniform(0, 2, N_KILLS):
        with start(storage, 10_000, epochs=20) as process:
            assert process.stdout.readline(), process.stderr.read()  # a trial has ended, others follow
            time.sleep(moment)
            process.kill()
        with storage.open("ab") as file:  # what a kill, or a full disk, may leave of a line
            file.write(b'{"op_code":8,"worker_id":"')
        before, finished = finished, complete_trials(storage)
        assert finished[: len(before)] == before
        assert len(finished) > len(before)
    printed, errors = start(storage, len(finished) + 1, epochs=20).communicate(timeout=120)
    assert f"trials {len(finished) + 1} " in printed, errors
    assert complete_trials(storage)[:-1] == finished
    trials = trials_of(storage, printed.split()[-1])
    assert sum(trial.state == TrialState.FAIL for trial in trials) <= N_KILLS
    rates = [trial.params["learning_rate"] for trial in trials if trial.params]  # a kill may precede them
    assert len({*rates}) == len(rates) >= len(finished)


@pytest.mark.long
def test_two_processes_make_so_many_trials_together(tmp_path):
    storage = tmp_path / "search.journal"
    processes = [start(storage, 10, epochs=10) for _ in range(2)]
    ended = [process.communicate(timeout=180) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ended
    names = {printed.split()[-1] for printed, _ in ended}
    assert len(names) == 1
    trials = trials_of(storage, names.pop())
    assert len(trials) == 10
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    assert len({trial.params["learning_rate"] for trial in trials}) == 10
    assert {trial.user_attrs[WORKER]["pid"] for trial in trials} == {process.pid for process in processes}


def test_of_workers_that_begin_the_last_trial_at_once_one_gives_up(tmp_path):
    """On a database there is no turn to wait for: between looking and beginning another may be faster."""
    url = f"sqlite:///{tmp_path}/search.db"
    study, other = (optuna.create_study(study_name="s", storage=url, load_if_exists=True) for _ in range(2))
    study_ask = study.ask

    def ask_too_late(**arguments):
        assert ask(other, 1).number == 0
        return study_ask(**arguments)

    study.ask = ask_too_late
    assert ask(study, 1) is None
    assert [trial.number for trial in counted_trials(study)] == [0]
    assert [trial.state for trial in study.trials] == [TrialState.RUNNING, TrialState.FAIL]
    assert ask(other, 2).number == 2


def test_a_live_peers_trial_is_left_alone(images, tmp_path, search_of):
    storage = str(tmp_path / "j")
    name = search_of(storage=storage, n_trials=1).fit(*images).study_name_
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        study = optuna.load_study(study_name=name, storage=search_of(storage=storage).fit(*images).study_._storage)
        peer = study.ask()
        ticks = workers._ticks(process.pid)
        peer.set_user_attr(WORKER, workers.this_worker() | {"id": "peer", "pid": process.pid, "ticks": ticks})
        search = search_of(storage=storage, n_trials=5).fit(*images)
        assert [trial.number for trial in search.trials_] == [0, 1, 2, 4]  # the fifth is the peer's
        assert study.trials[peer.number].state == TrialState.RUNNING
    finally:
        process.kill()
        process.wait()
    search = search_of(storage=storage, n_trials=5).fit(*images)
    assert [trial.number for trial in search.trials_] == [0, 1, 2, 4, 5]


def test_importing_the_comparison_imports_no_optuna():
    code = "import sys, skrnn.model_selection as m; m.compare_architectures; assert 'optuna' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_an_error_during_a_search_shows_no_password(tmp_path, caplog):
    secret = "S3CRET"
    url = f"sqlite:///{tmp_path}/x.db?password={secret}"

    def scoring(estimator, X, y):
        raise ValueError(f"cannot reach {url}, {secret}")

    search = OptunaSearchCV(
        DummyClassifier(), lambda trial: {}, study_name="x", storage=url, cv=2, n_trials=1, scoring=scoring,
        error_score="raise",
    )  # fmt: skip
    with caplog.at_level("DEBUG"), pytest.raises(ValueError, match=r"cannot reach sqlite.*\*\*\*") as raised:
        search.fit([[0.0], [1.0]] * 4, [0, 1] * 4)
    assert "S3CRET" not in "".join(traceback.format_exception(raised.value))
    assert "S3CRET" not in caplog.text
    (trial,) = optuna.load_study(study_name=None, storage=url).trials
    assert "S3CRET" not in json.dumps(trial.user_attrs)
