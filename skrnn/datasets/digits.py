"""The 8x8 handwritten digits that are bundled with scikit-learn, as images."""

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.utils import Bunch

from skrnn._sklearn import validate_params

_DESCR = """\
Handwritten digits, 8x8 pixels
------------------------------

1,797 images of the digits 0 to 9, written by 43 people: the test part of the UCI ML hand-written digits, as bundled
with scikit-learn. A pixel is the number of black dots in a 4x4 block of the original 32x32 bitmap, divided by 16.

data, images : float32 array of shape (1797, 8, 8), between 0 (no ink) and 1
target : int64 array of shape (1797,), the digits

E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine Learning Repository,
https://doi.org/10.24432/C50P49
"""


@validate_params({"return_X_y": ["boolean"]}, prefer_skip_nested_validation=True)
def load_digits(*, return_X_y: bool = False) -> Bunch | tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Load the 8x8 handwritten digits of scikit-learn as images.

    The images are the same as in :func:`sklearn.datasets.load_digits`, in the same order, but have the shape (8, 8)
    instead of 64 features, and pixels from 0 to 1 instead of 0 to 16. A recurrent classifier reads an image as 8 time
    steps, its rows, of 8 pixels each. :class:`skrnn.preprocessing.ImageToSequence` offers other scans.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : ndarray of shape (1797, 8, 8), float32
            The images, between 0 (no ink) and 1.
        images : ndarray of shape (1797, 8, 8), float32
            The same array.
        target : ndarray of shape (1797,), int64
            The digits, 0 to 9.
        target_names : list of str
            The names of the ten classes.
        DESCR : str
            Description of the data, with the reference to cite.

    (data, target) : tuple if ``return_X_y`` is True
        The images and their digits.

    References
    ----------
    .. [1] E. Alpaydin and C. Kaynak (1998). "Optical Recognition of Handwritten Digits." UCI Machine Learning
       Repository. https://doi.org/10.24432/C50P49

    Examples
    --------
    >>> from skrnn.datasets import load_digits
    >>> digits = load_digits()
    >>> digits.images.shape, digits.target.shape
    ((1797, 8, 8), (1797,))
    >>> digits.images.min().item(), digits.images.max().item()
    (0.0, 1.0)
    """
    bundled = datasets.load_digits()
    images = (bundled.images / 16).astype(np.float32)
    target = bundled.target.astype(np.int64)
    if return_X_y:
        return images, target
    return Bunch(
        data=images, images=images, target=target, target_names=[str(digit) for digit in range(10)], DESCR=_DESCR
    )
