"""The published systems, each as data: estimator, data set and published figures."""

from skrnn.recipes.catalogue import list_recipes, load_recipe
from skrnn.recipes.recipe import Figures, Recipe, Reproduction
from skrnn.recipes.reproduce import reproduce

__all__ = ["Figures", "Recipe", "Reproduction", "list_recipes", "load_recipe", "reproduce"]
