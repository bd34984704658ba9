"""Displays of what was measured, in the style of scikit-learn's. Matplotlib is imported when something is drawn.

The public names are those in ``__all__``; everything else may change without notice.
"""

from skrnn.plotting.comparison import ComparisonDisplay
from skrnn.plotting.confusion import ConfusionMatricesDisplay
from skrnn.plotting.cost import CostDisplay
from skrnn.plotting.difference import DifferenceDisplay
from skrnn.plotting.hardest import HardestSamplesDisplay
from skrnn.plotting.history import HistoryDisplay
from skrnn.plotting.search import SearchFigures, search_figures

__all__ = [
    "ComparisonDisplay",
    "ConfusionMatricesDisplay",
    "CostDisplay",
    "DifferenceDisplay",
    "HardestSamplesDisplay",
    "HistoryDisplay",
    "SearchFigures",
    "search_figures",
]
