"""Journals that were cut, damaged, deleted or replaced, and disks that are full: no finished trial is lost."""

import errno
import os
import shutil
import subprocess
import warnings
from contextlib import suppress

import numpy as np
import optuna
import pytest
from optuna.distributions import IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sklearn.neighbors import KNeighborsClassifier

from skrnn import _line_files
from skrnn.model_selection import OptunaSearchCV, open_storage

X = np.random.default_rng(0).normal(size=(40, 2))
y = (X[:, 0] > 0).astype(int)


def search_of(storage, n_trials=3, **parameters):
    space = {"n_neighbors": IntDistribution(1, 5)}
    settings = {"n_trials": n_trials, "cv": 2, "random_state": 0, "storage": storage} | parameters
    return OptunaSearchCV(KNeighborsClassifier(), space, **settings)


def finished(path):
    """Return the finished trials, as Optuna itself reads them."""
    storage = JournalStorage(JournalFileBackend(str(path)))
    (study,) = optuna.get_all_study_names(storage)
    trials = optuna.load_study(study_name=study, storage=storage).get_trials(states=(TrialState.COMPLETE,))
    return [(trial.number, trial.params, trial.value) for trial in trials]


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "search.journal"
    search_of(path).fit(X, y)
    return path


TORN = {
    "half a record": b'{"op_code":4,"worker_id":"2f1',
    "one character": b"{",
    "zeros, as after a power failure": b"\0" * 300,
    "a number": b"12",
    "not UTF-8": b'{"op_code":4,"x":"\xff\xfe',
    "longer than a block": b'{"op_code":8,"x":"' + b"x" * 200_000,
}


@pytest.mark.parametrize("torn", TORN)
def test_a_torn_last_line_is_cut_with_a_warning(journal, torn):
    before, content = finished(journal), journal.read_bytes()
    journal.write_bytes(content + TORN[torn])
    with pytest.warns(UserWarning, match=r"search\.journal: the last line was incomplete, .* was removed: b") as told:
        storage = open_storage(journal)
    assert len(told) == 1
    assert journal.read_bytes() == content
    assert len(storage.get_all_studies()) == 1
    assert len(search_of(journal, 5).fit(X, y).trials_) == 5
    assert finished(journal)[:3] == before


def test_a_last_line_that_lacks_only_its_end_is_kept(journal):
    """For example the end of a trial, which nobody would measure again."""
    before, content = finished(journal), journal.read_bytes()
    journal.write_bytes(content[:-1])
    assert len(search_of(journal).fit(X, y).trials_) == 3
    assert finished(journal) == before


def test_a_record_is_not_glued_to_a_line_that_is_torn_meanwhile(journal):
    """The process that wrote it was killed while this one had the journal open."""
    storage = open_storage(journal)
    study = optuna.load_study(study_name=optuna.get_all_study_names(storage)[0], storage=storage)
    with journal.open("ab") as file:
        file.write(b'{"op_code":4,"wor')
    with pytest.warns(UserWarning, match="the last line was incomplete"):
        study.set_user_attr("name", "value")
    assert study.user_attrs == {"name": "value"}
    assert len(finished(journal)) == 3


def test_cut_anywhere_a_search_continues(journal, tmp_path):
    content = journal.read_bytes()
    n_lost = 0
    for end in np.random.default_rng(0).integers(0, len(content), 8):
        path = tmp_path / "cut.journal"
        path.write_bytes(content[:end])
        whole = tmp_path / "whole.journal"
        whole.write_bytes(content[: content[:end].rfind(b"\n") + 1])
        before = finished(whole) if b"\n" in content[:end] else []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            search = search_of(path).fit(X, y)
        assert finished(path)[: len(before)] == before
        assert len(search.trials_) == 3
        n_lost += 3 - len(before)
    assert n_lost > 4


GARBAGE = {
    "glued lines": b'{"op_code":4,"wor{"op_code":4,"worker_id":"a","study_id":0,"datetime_start":null}',
    "no JSON": b"garbage",
    "an empty line": b"",
    "a list": b"[1]",
    "no operation": b'{"worker_id":"a"}',
    "an unknown operation": b'{"op_code":99,"worker_id":"a"}',
    "no study": b'{"op_code":4,"worker_id":"a"}',
    "no distribution": b'{"op_code":5,"worker_id":"a","trial_id":3,"param_name":"p","param_value_internal":1,'
    b'"distribution":"{}"}',
    "a date that is none": b'{"op_code":4,"worker_id":"a","study_id":0,"datetime_start":"yesterday"}',
    "not UTF-8": b"\xff\xfe",
}


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("is_last", [False, True])
def test_garbage_is_named_with_file_and_line(journal, garbage, is_last):
    lines = journal.read_bytes().splitlines()
    number = len(lines) if is_last else len(lines) - 1
    lines.insert(number, GARBAGE[garbage])
    if garbage == "no distribution":  # of a trial that runs
        number += 1
        lines.insert(number - 1, b'{"op_code":4,"worker_id":"a","study_id":0,"datetime_start":"2026-01-01T00:00:00"}')
    content = b"\n".join(lines) + b"\n"
    journal.write_bytes(content)
    message = rf"search\.journal, line {number + 1}, is damaged: b.* 'head -n {number} .*' copies them"
    with pytest.raises(ValueError, match=message):
        search_of(journal, 5).fit(X, y)
    assert journal.read_bytes() == content


def test_the_remedy_for_garbage_works(journal):
    before = finished(journal)
    content = journal.read_bytes()
    journal.write_bytes(content + b"garbage\n" + content)
    with pytest.raises(ValueError, match="head") as raised:
        open_storage(journal)
    command = "head" + str(raised.value).partition("'head")[2].partition("' copies")[0]
    command = command.replace("NEW", str(journal.parent / "new"))
    subprocess.run(command, shell=True, check=True)
    assert finished(journal.parent / "new") == before
    assert len(search_of(journal.parent / "new", 4).fit(X, y).trials_) == 4


@pytest.mark.parametrize("content", [b"a,b\n1,2\n3,4", b"one line", b"SQLite format 3\0\n", b"[1, 2]", b"\xff\xd8\xff"])
def test_another_file_is_refused_and_not_touched(tmp_path, content):
    path = tmp_path / "data"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"data is not the journal of a search: its first line is b.* another path"):
        search_of(path).fit(X, y)
    assert path.read_bytes() == content


def test_a_folder_or_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "search.journal"):
        with pytest.raises(OSError, match=rf"{path} cannot be written to: .* a file\.$"):
            search_of(path).fit(X, y)
    with pytest.raises(
        ValueError, match=r"begins with 'postgresql:'. The URL of a database begins with 'postgresql://'"
    ):
        search_of("postgresql:/alice:S3CRET@host/db").fit(X, y)


# During a search


def failing_search(journal, action, n_trials=5, at=3, **parameters):
    """Return a search that has failed because of what happened to its journal after some trials."""

    def callback(study, trial):
        if trial.number == at:
            action()

    search = search_of(journal, n_trials, callbacks=callback, **parameters)
    with pytest.raises(OSError, match=r"search\.journal") as raised:
        search.fit(X, y)
    return search, str(raised.value)


@pytest.mark.parametrize("change", ["deleted", "replaced", "emptied", "cut", "rewritten"])
def test_finished_trials_survive_the_journal(journal, change):
    content = journal.read_bytes()

    def act():
        if change == "deleted":
            journal.unlink()
        elif change == "replaced":
            shutil.copy(journal, journal.with_suffix(".new"))
            journal.with_suffix(".new").rename(journal)
        elif change == "emptied":
            journal.write_bytes(b"")
        elif change == "cut":
            journal.write_bytes(content)
        else:
            journal.write_bytes(content.replace(b"n_neighbors", b"m_neighbors") * 3)

    search, message = failing_search(journal, act)
    word = "was deleted or moved" if change == "deleted" else "was replaced"
    assert word in message
    assert len(search.trials_) == len(search.cv_results_["params"]) == 4
    assert search.best_params_ in search.cv_results_["params"]
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    if change == "deleted":
        assert not journal.exists()


@pytest.mark.parametrize("error", [RuntimeError("broken"), MemoryError(), SystemExit(3), OSError(errno.EIO, "broken")])
def test_any_exception_keeps_what_is_finished(tmp_path, error):
    def callback(study, trial):
        if trial.number == 2:
            raise error

    storage = None if isinstance(error, RuntimeError) else tmp_path / "j"
    search = search_of(storage, 5, callbacks=callback)
    with pytest.raises(type(error)) as raised:
        search.fit(X, y)
    assert raised.value is error
    assert len(search.cv_results_["params"]) == 3
    assert search.best_params_ in search.cv_results_["params"]
    assert len(search.set_params(callbacks=None).fit(X, y).trials_) == 5


def test_a_journal_that_is_deleted_after_the_last_trial_keeps_the_results(journal):
    search, _ = failing_search(journal, journal.unlink, n_trials=4)
    assert len(search.cv_results_["params"]) == 4


def test_an_exception_of_a_candidate_keeps_what_is_finished():
    class Fragile(KNeighborsClassifier):
        def fit(self, X, y):
            if self.n_neighbors > 3:
                raise RuntimeError("too many")
            return super().fit(X, y)

    class Candidates:
        def __call__(self, trial):
            return {"n_neighbors": [1, 2, 3, 4, 5][trial.number]}

    search = OptunaSearchCV(Fragile(), Candidates(), n_trials=5, cv=2, error_score="raise", random_state=0)
    with pytest.raises(RuntimeError, match="too many"):
        search.fit(X, y)
    assert search.cv_results_["state"].tolist() == ["complete"] * 3 + ["fail"]


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    if os.getuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root can mount a file system")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_loses_no_finished_trial(tiny_disk):
    journal, rest = tiny_disk / "search.journal", tiny_disk / "rest"
    search_of(journal).fit(X, y)

    def fill():
        with rest.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 4096)

    search, message = failing_search(journal, fill, n_trials=60)
    assert "cannot be written to: No space left on device. What was written before is kept. Make room" in message
    n_kept = len(search.trials_)
    assert n_kept >= 4
    assert len(finished(journal)) == n_kept
    assert journal.read_bytes().endswith(b"\n")
    rest.unlink()
    again = search_of(journal, n_kept + 1).fit(X, y)
    assert len(again.trials_) == n_kept + 1
    assert "fail" not in again.cv_results_["state"].tolist()


def test_a_journal_that_cannot_be_written_to_can_be_read(tiny_disk):
    journal = tiny_disk / "search.journal"
    search = search_of(journal).fit(X, y)
    subprocess.run(["mount", "-o", "remount,ro", tiny_disk], check=True)
    assert len(search.study_.trials) == 3
    with pytest.raises(OSError, match=r"search\.journal cannot be written to: Read-only file system\. Change the perm"):
        search_of(journal, 5).fit(X, y)
    with pytest.raises(OSError, match=r"new cannot be written to: Read-only file system"):
        search_of(tiny_disk / "new").fit(X, y)


def test_two_lines_or_none(tmp_path, monkeypatch):
    """What a failed write has left is taken back."""
    path = tmp_path / "lines"
    identity = _line_files.begin(path)
    _line_files.append(path, b"{}\n", identity)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(_line_files.os, "fsync", full)
    with pytest.raises(OSError, match="lines cannot be written to: No space left on device") as raised:
        _line_files.append(path, b"{}\n{}\n", identity)
    assert raised.value.errno == errno.ENOSPC
    assert path.read_bytes() == b"{}\n"


def test_optuna_reads_and_writes_the_same_journal(journal):
    storage = JournalStorage(JournalFileBackend(str(journal)))
    (name,) = optuna.get_all_study_names(storage)
    optuna.load_study(study_name=name, storage=storage).enqueue_trial({"n_neighbors": 5})
    search = search_of(journal, 4).fit(X, y)
    assert search.cv_results_["params"][3] == {"n_neighbors": 5}
    assert len(finished(journal)) == 4
