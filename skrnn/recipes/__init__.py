"""Published systems as data, their training, and the comparison of results.

The public names are those in ``__all__``; everything else may change without notice.
"""

from skrnn.recipes.catalogue import list_recipes, load_recipe
from skrnn.recipes.page import as_page, format_difference, format_percent, summarize
from skrnn.recipes.recipe import Figures, Halves, Recipe, Reproduction, fit_name
from skrnn.recipes.runs import RUNS_FILE, read_runs, reproduce

__all__ = [
    "RUNS_FILE",
    "Figures",
    "Halves",
    "Recipe",
    "Reproduction",
    "as_page",
    "fit_name",
    "format_difference",
    "format_percent",
    "list_recipes",
    "load_recipe",
    "read_runs",
    "reproduce",
    "summarize",
]
