"""Saving estimators to files that contain no code, and loading them.

The public names are those in ``__all__``; everything else may change without notice.
"""

from skrnn.persistence.files import load, read_remarks, save

__all__ = ["load", "read_remarks", "save"]
