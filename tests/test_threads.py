"""How many threads TensorFlow gets: in this process when asked, in joblib's workers always."""

import json
import subprocess
import sys

import pytest
from joblib import Parallel, cpu_count, delayed

import skrnn

PRINT_SETTINGS = """
import json, os
threading = tensorflow.config.threading
intra, inter = threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()
names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
print(json.dumps([intra, inter, *[os.environ.get(name) for name in names]]))
"""


def run(code):
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "PATH": ""}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_before_tensorflow_is_imported_the_environment_says_it():
    done = run(f"import skrnn; skrnn.configure_threads(3); import tensorflow{PRINT_SETTINGS}")
    assert json.loads(done.stdout) == [0, 0, "1", "3"], done.stderr


def test_before_it_starts_tensorflow_is_told():
    code = "import skrnn, tensorflow; skrnn.LSTMClassifier; skrnn.configure_threads(); skrnn.configure_threads()"
    done = run(f"{code}; tensorflow.zeros(1); skrnn.configure_threads(){PRINT_SETTINGS}")
    assert json.loads(done.stdout) == [1, cpu_count(), "1", str(cpu_count())], done.stderr


def test_after_it_has_started_otherwise_it_is_an_error():
    done = run("import skrnn, tensorflow; tensorflow.zeros(1); skrnn.configure_threads(3)")
    expected = (
        "RuntimeError: TensorFlow has started already, with its default intra-op and its default inter-op threads "
        "instead of 1 and 3. Call skrnn.configure_threads() before anything is fitted or computed."
    )
    assert done.stderr.strip().splitlines()[-1] == expected


@pytest.mark.parametrize("cores", [0, -1, 1.5, "all"])
def test_cores_is_a_positive_integer(cores):
    with pytest.raises(ValueError, match="cores must be an integer of at least 1; got"):
        skrnn.configure_threads(cores)


def settings_of_worker():
    import os

    import skrnn  # noqa: F401

    return os.environ["TF_NUM_INTRAOP_THREADS"], os.environ["TF_NUM_INTEROP_THREADS"], os.environ["OMP_NUM_THREADS"]


def test_a_worker_takes_its_share():
    for intra, inter, share in Parallel(2)(delayed(settings_of_worker)() for _ in range(2)):
        assert intra == "1"
        assert inter == share == str(max(cpu_count() // 2, 1))
