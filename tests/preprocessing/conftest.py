"""The real data sets that the tests of this folder use where they are at hand."""

import os
from pathlib import Path

import pytest

from skrnn.datasets import fetch_imdb


@pytest.fixture(scope="session")
def imdb_train():
    """The 25,000 labelled training reviews, as (texts, labels)."""
    home = os.environ.get("SKRNN_DATA_HOME")
    if home is None or not Path(home, "imdb", "aclImdb_v1.tar.gz").is_file():
        pytest.skip("needs imdb/aclImdb_v1.tar.gz in the folder that SKRNN_DATA_HOME names")
    return fetch_imdb(subset="train", data_home=home, download_if_missing=False, return_X_y=True)
