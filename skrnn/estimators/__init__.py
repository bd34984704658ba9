"""What users fit: this floor is the only one that knows both scikit-learn and Keras."""

from skrnn.estimators.classifiers import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier

__all__ = ["GRUClassifier", "LSTMClassifier", "RecurrentClassifier", "SimpleRNNClassifier"]
