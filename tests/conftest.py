"""What all tests share."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before anything imports TensorFlow
if "PYTEST_XDIST_WORKER" in os.environ:
    # One thread for each worker: measured, two workers of two threads each take twice as long on two cores.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import pytest
from hypothesis import settings

# On a busy machine a single example may take long, which is no failure.
settings.register_profile("skrnn", deadline=None, max_examples=25, derandomize=True)
settings.load_profile("skrnn")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each worker one half of the files, and let the faster one take over: a fixture of a file is set up once."""
    if config.getvalue("dist") == "load":  # the default of -n
        from xdist.scheduler import WorkStealingScheduling

        return WorkStealingScheduling(config, log)
    return None
