"""Saving estimators to files that contain no code, and loading them: :func:`skrnn.save` and :func:`skrnn.load`.

The public names are those in ``__all__``; everything else may change without notice.
"""

from skrnn.persistence.files import read_remarks

__all__ = ["read_remarks"]
