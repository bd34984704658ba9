"""Which workers are alive: on this machine the system knows, elsewhere only a heartbeat that changes tells."""

import os
import subprocess
import sys
import time

import optuna
import psutil
import pytest
from optuna.trial import TrialState

from skrnn.model_selection import open_storage, workers
from skrnn.model_selection.studies import LOST, ask, counted_trials, fail_stale_trials
from skrnn.model_selection.workers import SEEN, WORKER, beating, register, this_worker


@pytest.fixture
def clock(monkeypatch):
    """The monotonic clock of this process, to be moved by hand; it is no other process's."""

    class Clock:
        now = 1e6

        def monotonic(self):
            return self.now

        def time(self):
            return time.time()

    clock = Clock()
    monkeypatch.setattr(workers, "time", clock)
    monkeypatch.setattr(workers, "_clock", lambda: None)
    monkeypatch.setattr(workers, "_seen", {})
    return clock


def is_running(study, number=0):
    fail_stale_trials(study)
    return study.trials[number].state == TrialState.RUNNING


@pytest.fixture
def ended():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def living():
    """Another process, and how a trial that it runs would name it."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        own = this_worker()
        started = psutil.Process(process.pid).create_time()
        ticks = workers._ticks(process.pid)
        yield own | {"id": "other-0", "pid": process.pid, "started": started, "ticks": ticks}
        process.communicate(b"\n")


def of_another_container(**changes):
    return this_worker() | {"id": "other-0", "place": "another namespace", "pid": 1, **changes}


def test_a_process_of_this_machine_is_known_to_live_or_not(living, ended):
    study = optuna.create_study()
    known = {
        "alive": living,
        "alive, and the clock was set by an hour": living | {"started": living["started"] - 3600},
        "its number was given to a later process": living | {"ticks": living["ticks"] - 1},
        "ended": living | {"pid": ended},
    }
    for worker in known.values():
        study.ask().set_user_attr(WORKER, worker)
    fail_stale_trials(study)
    states = {name: trial.state == TrialState.RUNNING for name, trial in zip(known, study.trials, strict=True)}
    assert states == dict(zip(known, (True, True, False, False), strict=True))
    assert study.trials[3].user_attrs[LOST] == f"process {ended} of {os.uname().nodename} ended"
    assert [trial.number for trial in counted_trials(study)] == [0, 1]


@pytest.mark.parametrize("ahead", [-1200, 0, 1200])
@pytest.mark.parametrize("legacy", [False, True])
def test_elsewhere_a_worker_lives_as_long_as_its_heartbeat_changes(clock, ended, ahead, legacy):
    """Its clock may be minutes ahead or behind, and its process number may be that of a process here that has ended."""
    study = optuna.create_study()
    trial = study.ask()
    for minute in range(0, 60, 9):
        clock.now = 1e6 + 60 * minute
        worker = of_another_container(pid=ended, beat=time.time() + ahead + 60 * minute)
        if legacy:
            worker = {name: worker[name] for name in ("host", "pid", "started", "beat", "patience")}
        trial.set_user_attr(WORKER, worker)
        assert is_running(study)
    clock.now += 590
    assert is_running(study)
    clock.now += 20
    assert not is_running(study)
    assert study.trials[0].user_attrs[LOST] == f"no heartbeat from {os.uname().nodename} for 610 s"


def test_a_heartbeat_that_is_hours_old_is_no_sign_of_death_when_first_seen(clock):
    study = optuna.create_study()
    study.ask().set_user_attr(WORKER, of_another_container(beat=time.time() - 7200))
    assert is_running(study)


def test_an_epoch_is_a_sign_of_life_too(clock):
    """Earlier versions had no thread for their heartbeat."""
    study = optuna.create_study()
    trial = study.ask()
    trial.set_user_attr(WORKER, of_another_container())
    for epoch in range(3):
        trial.report(0.5, epoch)
        assert is_running(study)
        clock.now += 590


def test_a_process_without_a_namespace_is_judged_by_its_silence(clock, monkeypatch, ended):
    monkeypatch.setattr(workers, "_place", lambda: None)
    study = optuna.create_study()
    study.ask().set_user_attr(WORKER, this_worker() | {"id": "other-0", "pid": ended})
    assert is_running(study)


def test_later_processes_of_a_machine_continue_to_measure(monkeypatch):
    """Otherwise a search that ends soon would never find out."""
    study = optuna.create_study()
    study.ask().set_user_attr(WORKER, of_another_container())
    assert is_running(study)
    (name,) = (name for name in study.trials[0].user_attrs if name.startswith(SEEN))
    beat, since = study.trials[0].user_attrs[name]
    monkeypatch.setattr(workers, "_seen", {})
    workers.set_trial_attribute(study, study.trials[0], name, [beat, since - 601])
    assert not is_running(study)
    study.ask().set_user_attr(WORKER, of_another_container())
    workers.set_trial_attribute(study, study.trials[1], name, [["another beat", None], since - 601])
    assert is_running(study, 1)


def test_a_trial_that_never_registered(clock):
    study = optuna.create_study()
    study.ask()
    assert is_running(study)
    clock.now += 601
    assert not is_running(study)
    study.ask()
    fail_stale_trials(study, alone=True)  # no process can be about to register
    assert study.trials[1].state == TrialState.FAIL


def test_this_process_knows_which_trials_it_runs():
    """A trial that an exception has ended is lost, although its process lives on, as in a notebook."""
    study = optuna.create_study()
    running, left = ask(study, None), ask(study, None)
    with beating(running):
        with beating(left):
            assert is_running(study, 1)
        fail_stale_trials(study)
        assert [trial.state for trial in study.trials] == [TrialState.RUNNING, TrialState.FAIL]


def test_a_forked_process_is_another_worker():
    before, (reader, writer) = workers._process, os.pipe()
    if (pid := os.fork()) == 0:
        os.write(writer, workers._process.encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reader, 99).decode() != before


def test_the_heartbeat_needs_no_epochs(monkeypatch):
    """A candidate that is fitted whole, or whose first epoch takes an hour, is alive as well."""
    monkeypatch.setattr(workers, "_BEAT_SECONDS", 0.01)
    study = optuna.create_study()
    trial = study.ask()
    register(trial)
    beats = set()
    with beating(trial):
        while len(beats) < 3:
            beats.add(study.trials[0].user_attrs[WORKER]["beat"])
    study.tell(trial, 1.0)


def test_the_heartbeat_survives_a_storage_that_fails_for_a_while(monkeypatch):
    monkeypatch.setattr(workers, "_BEAT_SECONDS", 0.01)
    study = optuna.create_study()
    trial = study.ask()
    register(trial)
    failures = []

    def set_user_attr(key, value):
        if len(failures) < 2:
            failures.append(key)
            raise OSError("no route to host")
        type(trial).set_user_attr(trial, key, value)

    trial.set_user_attr = set_user_attr
    first = study.trials[0].user_attrs[WORKER]["beat"]
    with beating(trial):
        while study.trials[0].user_attrs[WORKER]["beat"] == first:
            time.sleep(0.01)
    assert len(failures) == 2


def test_a_search_counts_the_trials_of_another_container(tmp_path, images, search_of):
    """Formerly its process number was looked up here, where it meant nothing."""
    storage = str(tmp_path / "j")
    name = search_of(storage=storage, n_trials=1).fit(*images).study_name_
    study = optuna.load_study(study_name=name, storage=open_storage(storage))
    peer = study.ask()
    peer.set_user_attr(WORKER, of_another_container(pid=2**22 + 1))
    again = search_of(storage=storage, n_trials=3).fit(*images)
    assert [trial.number for trial in again.trials_] == [0, 2]
    assert study.trials[peer.number].state == TrialState.RUNNING
