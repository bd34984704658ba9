"""Classifiers and pipelines as ONNX graphs, written with the package ``onnx`` and without TensorFlow.

Everything here is private: the public names are :func:`skrnn.to_onnx` and the method ``to_onnx`` of classifiers.
"""
