"""Displays of what was measured, in the style of scikit-learn's. Matplotlib is imported when something is drawn.

The public names are those in ``__all__``; everything else may change without notice.
"""

from skrnn.plotting.comparison import ComparisonDisplay
from skrnn.plotting.history import HistoryDisplay
from skrnn.plotting.search import SearchFigures, search_figures

__all__ = ["ComparisonDisplay", "HistoryDisplay", "SearchFigures", "search_figures"]
