"""Make sequences of tables, images, texts and recordings, and prepare them for a network, without TensorFlow.

The public names are those in ``__all__``; everything else may change without notice.
"""

from skrnn.preprocessing.byte_scale import scaled_bytes, scaled_floats
from skrnn.preprocessing.channels import from_channels_first
from skrnn.preprocessing.difference import SequenceDifference
from skrnn.preprocessing.images import ImageToSequence
from skrnn.preprocessing.imputer import SequenceImputer
from skrnn.preprocessing.padder import SequencePadder
from skrnn.preprocessing.patches import PatchSequence
from skrnn.preprocessing.per_step import TimeDistributed
from skrnn.preprocessing.resampler import SequenceResampler
from skrnn.preprocessing.scaler import SequenceScaler
from skrnn.preprocessing.tabular import TabularToSequence
from skrnn.preprocessing.text import TextToSequence
from skrnn.preprocessing.token_ids import TokenIds
from skrnn.preprocessing.windows import SlidingWindows, sliding_windows

__all__ = [
    "ImageToSequence",
    "PatchSequence",
    "SequenceDifference",
    "SequenceImputer",
    "SequencePadder",
    "SequenceResampler",
    "SequenceScaler",
    "SlidingWindows",
    "TabularToSequence",
    "TextToSequence",
    "TimeDistributed",
    "TokenIds",
    "from_channels_first",
    "scaled_bytes",
    "scaled_floats",
    "sliding_windows",
]
