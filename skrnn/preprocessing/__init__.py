"""Transformers that turn tables, images and texts into sequences. They need no TensorFlow.

The public names are those in ``__all__``; everything else may change without notice.
"""

from skrnn.preprocessing.images import ImageToSequence
from skrnn.preprocessing.padder import SequencePadder
from skrnn.preprocessing.per_step import TimeDistributed
from skrnn.preprocessing.tabular import TabularToSequence
from skrnn.preprocessing.text import TextToSequence
from skrnn.preprocessing.token_ids import TokenIds

__all__ = ["ImageToSequence", "SequencePadder", "TabularToSequence", "TextToSequence", "TimeDistributed", "TokenIds"]
