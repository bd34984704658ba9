"""Data of your own, from files and frames, and data sets that are bundled, generated, or downloaded once and verified.

This package does not import TensorFlow.

The public names are those in ``__all__``; everything else may change without notice.
"""

from skrnn.datasets.adding import make_adding_problem
from skrnn.datasets.description import describe
from skrnn.datasets.digits import load_digits
from skrnn.datasets.files import load_file
from skrnn.datasets.imdb import fetch_imdb
from skrnn.datasets.long_tables import sequences_from_frame
from skrnn.datasets.mnist import fetch_mnist
from skrnn.datasets.preprocessor import make_preprocessor
from skrnn.datasets.reviews import make_reviews

__all__ = [
    "describe",
    "fetch_imdb",
    "fetch_mnist",
    "load_digits",
    "load_file",
    "make_adding_problem",
    "make_preprocessor",
    "make_reviews",
    "sequences_from_frame",
]
