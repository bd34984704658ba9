"""Private names of Optuna: one module uses them, and the installed Optuna has them."""

import ast
import os
from pathlib import Path

import optuna
import pytest
from optuna.distributions import IntDistribution
from optuna.samplers import GPSampler, RandomSampler, TPESampler
from optuna.storages import InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

import skrnn
from skrnn.model_selection import _optuna

ROOT = Path(skrnn.__file__).parent
HOME = Path(_optuna.__file__)


def objects():
    """Return an object of each class whose private names are used, by the name of the class."""
    study = optuna.create_study(storage=InMemoryStorage())
    study.enqueue_trial({"x": 1})
    trial = study.ask()
    trial.suggest_int("x", 0, 3)
    (frozen_study,) = study._storage.get_all_studies()
    return {
        "Study": study,
        "FrozenStudy": frozen_study,
        "Trial": trial,
        "FrozenTrial": study.trials[0],
        "IntDistribution": IntDistribution(0, 3),
        "TPESampler": TPESampler(),
        "JournalStorage": JournalStorage(JournalFileBackend(os.devnull)),
    }


USED = {
    ("Study", "_storage"),
    ("FrozenStudy", "_study_id"),
    ("Trial", "_trial_id"),
    ("Trial", "_fixed_params"),
    ("Trial", "_suggest"),
    ("FrozenTrial", "_trial_id"),
    ("FrozenTrial", "_suggest"),
    ("FrozenTrial", "_distributions"),
    ("IntDistribution", "_contains"),
    ("JournalStorage", "_backend"),
    ("JournalStorage", "_sync_with_backend"),
    ("JournalStorage", "_replay_result"),
}


def private(name):
    return name.startswith("_") and not name.endswith("__")


def private_names_of_optuna():
    names = {name for instance in objects().values() for name in {*dir(instance), *getattr(instance, "__dict__", {})}}
    for cls in (InMemoryStorage, optuna.storages.JournalStorage, optuna.storages.RDBStorage):
        names |= set(dir(cls))
    return {name for name in names if private(name)}


def private_names_in(path, names):
    """Iterate over Optuna's private modules, imports and attributes that a file uses: not those of its own classes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = getattr(node, "module", None) or ""
            for alias in node.names:
                parts = f"{module}.{alias.name}".strip(".").split(".")
                if parts[0] == "optuna" and any(map(private, parts)):
                    yield ".".join(parts), node.lineno
        elif isinstance(node, ast.Attribute) and node.attr in names:
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                yield node.attr, node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
            yield node.value, node.lineno  # getattr(trial, "_trial_id")


def test_the_installed_optuna_has_the_private_names():
    found = objects()
    missing = [f"{cls}.{name}" for cls, name in sorted(USED) if not hasattr(found[cls], name)]
    assert not missing, f"Optuna {optuna.__version__} has no {', '.join(missing)}: see {HOME.name}"


def test_all_private_names_in_that_module_are_listed_here():
    text = HOME.read_text(encoding="utf-8")
    attributes = {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)}
    own = {"_check"}
    assert {name for name in attributes if private(name)} - own == {name for _, name in USED}


def test_no_other_module_uses_private_names_of_optuna():
    names = private_names_of_optuna()
    assert {"_storage", "_trial_id", "_suggest"} <= names
    paths = [
        path
        for path in sorted(ROOT.rglob("*.py"))
        if "optuna" in path.read_text(encoding="utf-8").lower() and path != HOME
    ]
    assert len(paths) > 5
    used = [(path, *use) for path in paths for use in private_names_in(path, names)]
    found = [f"{path.relative_to(ROOT)}:{line}: {name}" for path, name, line in used]
    assert not found, f"move to {HOME.name}: {found}"


def test_the_walk_finds_private_names(tmp_path):
    code = "from optuna.trial._state import x\nimport optuna._hypervolume\nstudy._storage\nself._storage\nrow._index\n"
    path = tmp_path / "module.py"
    path.write_text(code + 'getattr(trial, "_trial_id")\n')
    found = {name for name, _ in private_names_in(path, private_names_of_optuna())}
    assert found == {"optuna.trial._state.x", "optuna._hypervolume", "_storage", "_trial_id"}


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")  # GPSampler, before Optuna 5
@pytest.mark.parametrize("sampler_class", [TPESampler, RandomSampler, GPSampler])
def test_seeding_reaches_every_random_state_of_a_sampler(sampler_class):
    """Where Optuna renames or moves ``LazyRandomState.rng``, two seedings would draw different values."""
    import numpy as np

    if sampler_class is GPSampler and int(optuna.__version__.partition(".")[0]) < 5:
        pytest.importorskip("torch")  # which Optuna 4 needs for it
    sampler, drawn = sampler_class(), []
    for _ in range(2):
        _optuna.seed_sampler(sampler, np.random.SeedSequence([1, 2]))
        study = optuna.create_study(sampler=sampler)
        drawn.append([study.ask().suggest_float("x", 0, 1) for _ in range(3)])
    assert drawn[0] == drawn[1]
    _optuna.seed_sampler(sampler, np.random.SeedSequence([1, 3]))
    assert optuna.create_study(sampler=sampler).ask().suggest_float("x", 0, 1) != drawn[0][0]


def test_what_the_private_names_are_used_for():
    study = optuna.create_study(storage=InMemoryStorage(), study_name="mine")
    trial = study.ask()
    assert [(name, each.number) for name, each in _optuna.trials_by_study(study._storage, TrialState.RUNNING)] == [
        ("mine", 0)
    ]
    for given in (trial, study.trials[0]):
        _optuna.fail_trial(study, given, "reason", "gone")  # the second time it has ended
    assert (study.trials[0].state, study.trials[0].user_attrs) == (TrialState.FAIL, {"reason": "gone"})
    assert isinstance(study, Study)
    assert isinstance(trial, Trial)
    assert isinstance(study.trials[0], FrozenTrial)
    assert [_optuna.contains(IntDistribution(0, 3), value) for value in (0, 3, 4, "many")] == [True, True, False, False]
