"""What surrounds an estimator: comparing architectures over the same folds. Nothing here imports TensorFlow itself."""

from skrnn.model_selection.compare import ArchitectureComparison, ComparisonInterrupted, compare_architectures
from skrnn.model_selection.progress import FitEvent

__all__ = ["ArchitectureComparison", "ComparisonInterrupted", "FitEvent", "compare_architectures"]
