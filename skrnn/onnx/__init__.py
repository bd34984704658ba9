"""Classifiers and pipelines as ONNX graphs, written with the package ``onnx`` and without TensorFlow.

All names here are private and may change without notice. Public are :func:`skrnn.to_onnx` and the method ``to_onnx``
of classifiers.
"""

try:
    import onnx  # noqa: F401
except ImportError as error:
    raise ImportError("to_onnx requires the package onnx: pip install 'skrnn[onnx]'.") from error
