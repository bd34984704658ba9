"""What is trained: this floor knows Keras and TensorFlow, and knows no scikit-learn."""

from skrnn.network.pool import clear_graphs

__all__ = ["clear_graphs"]
