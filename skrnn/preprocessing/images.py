"""Images to sequences: rows, columns, pixels or patches become the steps."""

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.preprocessing.byte_scale import is_scale_of_bytes, scaled_bytes
from skrnn.preprocessing.reading import check_numbers


class ImageToSequence(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Read images as sequences.

    Parameters
    ----------
    scan : {"rows", "columns", "pixels", "patches"}, default="rows"
        The part of the image that becomes a step: a row, from the top; a column, from the left; a pixel, row by row; or
        a patch, row by row of patches. The values of a step are in the order of rows, columns and channels.
    patch_size : int or tuple of two ints, default=4
        Height and width of a patch, which must divide the height and width of the image. Only for `scan="patches"`.
    image_shape : tuple of two or three ints, default=None
        The shape (height, width) or (height, width, channels) of an image. None uses the shape in X, or a square
        without channels if the images in X are flat.
    scale : {"auto"}, float or None, default="auto"
        Divisor of the pixels. For integers, "auto" is the largest value of the type seen in `fit`, such as 255; for
        other types it is 1. None is 1.
    dtype : {"float16", "float32", "float64", "uint8"} or dtype, default="float32"
        The type of the result. "uint8" keeps the pixels of byte images as :func:`scaled_bytes`, which take a quarter of
        the memory of float32. They know their scale, and the classifiers of skrnn divide each batch by it.

    Attributes
    ----------
    image_shape_ : tuple of int
        The shape (height, width) or (height, width, channels) of an image.
    step_shape_ : tuple of int
        Height and width of the part of an image that becomes a step, in pixels.
    scale_ : float
        The divisor of the pixels.
    input_shape_ : tuple of int
        The shape of an image in X: `image_shape_`, or (n_features_in_,) for flat images.
    input_dtype_ : dtype
        The type of the pixels seen in `fit`.
    n_features_in_ : int
        Number of values per image.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The columns seen in `fit`. Defined only if X is a data frame whose column names are all strings.

    See Also
    --------
    TabularToSequence : Reads the columns of a table as steps.

    Notes
    -----
    If the type is wider than the pixels, such as 64-bit integers from 0 to 255, pass a number as `scale`: "auto" would
    divide by the largest 64-bit integer, and `fit` warns if it sees integers of more than 16 bits. `transform` uses the
    scale that `fit` has chosen, whatever the type of the images. It raises an error if the values show that they have
    another scale, such as floats from 0 to 1 after a `fit` on bytes, or bytes after a `fit` on floats from 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import ImageToSequence
    >>> images = np.arange(0, 240, 20, dtype=np.uint8).reshape(1, 3, 4)
    >>> images
    array([[[  0,  20,  40,  60],
            [ 80, 100, 120, 140],
            [160, 180, 200, 220]]], dtype=uint8)
    >>> columns = ImageToSequence("columns", scale=20)
    >>> columns.fit_transform(images)
    array([[[ 0.,  4.,  8.],
            [ 1.,  5.,  9.],
            [ 2.,  6., 10.],
            [ 3.,  7., 11.]]], dtype=float32)
    >>> bool((columns.inverse_transform(columns.transform(images)) == images).all())
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "scan": [StrOptions({"rows", "columns", "pixels", "patches"})],
        "patch_size": [Interval(Integral, 1, None, closed="left"), tuple],
        "image_shape": [tuple, None],
        "scale": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither"), None],
        "dtype": [StrOptions({"float16", "float32", "float64", "uint8"}), np.dtype, type],
    }

    def __init__(self, scan="rows", *, patch_size=4, image_shape=None, scale="auto", dtype="float32"):
        self.scan = scan
        self.patch_size = patch_size
        self.image_shape = image_shape
        self.scale = scale
        self.dtype = dtype

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the shape, type and scale of the images.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width), (n_images, height, width, channels) or \
                (n_images, height * width * channels)
            The images.
        y : None
            Ignored.

        Returns
        -------
        self : ImageToSequence
            The fitted transformer.
        """
        if np.dtype(self.dtype).kind != "f" and not self._keeps_bytes:
            raise ValueError(
                f"The 'dtype' parameter of ImageToSequence must be a floating type or uint8. Got {self.dtype!r}."
            )
        images = self._check_images(X)
        image_shape = self._image_shape(images.shape[1:])
        step_shape = self._step_shape(*image_shape[:2])
        scale = self._scale(images.dtype)

        self._check_range(images, scale)
        validate_data(self, X if images.ndim == 2 else images.reshape(len(images), -1), skip_check_array=True)
        self.image_shape_ = image_shape
        self.step_shape_ = step_shape
        self.scale_ = scale
        self.input_shape_ = images.shape[1:]
        self.input_dtype_ = images.dtype
        self._largest = float(images.max())
        return self

    def transform(self, X):
        """Turn images into sequences.

        Parameters
        ----------
        X : array-like of shape (n_images, *input_shape_)
            The images, in the shape seen in `fit`.

        Returns
        -------
        sequences : ndarray of shape (n_images, n_steps, n_features)
            The scaled pixels, of type `dtype`.
        """
        check_is_fitted(self)
        images = self._check_images(X)
        if images.ndim == 2:
            validate_data(self, X, reset=False, skip_check_array=True)
        if images.shape[1:] != self.input_shape_:
            raise ValueError(
                f"X has images of shape {images.shape[1:]}, but ImageToSequence was fitted on images of shape "
                f"{self.input_shape_}."
            )
        self._check_scale(images)
        self._check_range(images, self.scale_)
        if self._keeps_bytes:
            pixels = images
        else:
            dtype = np.dtype(self.dtype)
            # the largest float16 is 65504, less than the largest 16-bit pixel
            pixels = np.divide(images, self.scale_, dtype=np.result_type(dtype, np.float32))
        down, across, channels = self._n_steps_and_channels()
        parts = pixels.reshape(-1, down, self.step_shape_[0], across, self.step_shape_[1], channels)
        sequences = parts.swapaxes(2, 3).reshape(len(images), down * across, -1)
        return scaled_bytes(sequences, self.scale_) if self._keeps_bytes else sequences.astype(dtype, copy=False)

    def inverse_transform(self, X):
        """Turn sequences back into images.

        Parameters
        ----------
        X : array-like of shape (n_images, n_steps, n_features)
            The sequences.

        Returns
        -------
        images : ndarray of shape (n_images, *input_shape_)
            The images, of type `input_dtype_`. Integer pixels are rounded, and clipped to the range of their type.
        """
        check_is_fitted(self)
        sequences = check_numbers(X, self, allow_nd=True)
        down, across, channels = self._n_steps_and_channels()
        expected = (down * across, self.step_shape_[0] * self.step_shape_[1] * channels)
        if sequences.shape[1:] != expected:
            raise ValueError(
                f"X has sequences of shape {sequences.shape[1:]}, but ImageToSequence was fitted on images that give "
                f"sequences of shape {expected}."
            )
        parts = sequences.reshape(-1, down, across, *self.step_shape_, channels)
        images = parts.swapaxes(2, 3).reshape(len(sequences), *self.input_shape_)
        images = images * np.float64(self.scale_)
        if self.input_dtype_.kind == "b":
            images = images >= 0.5
        elif self.input_dtype_.kind in "iu":
            limits = np.iinfo(self.input_dtype_)
            too_large = images >= float(limits.max)  # which may be rounded up, and then is not an integer of the type
            images = np.where(too_large, 0, np.maximum(np.rint(images), limits.min)).astype(self.input_dtype_)
            images[too_large] = limits.max
        return images.astype(self.input_dtype_, copy=False)

    def _check_images(self, X: Any) -> np.ndarray:
        images = check_numbers(X, self, allow_nd=True)
        if images.size == 0:
            raise ValueError(f"X has images of shape {images.shape[1:]}, which have no pixels.")
        if images.ndim > 4:
            raise ValueError(
                f"X has {images.ndim} dimensions; expected images of shape (height, width), (height, width, channels) "
                "or (height * width * channels,)."
            )
        if self._keeps_bytes and images.dtype != np.uint8:
            raise ValueError(f"dtype='uint8' requires images of type uint8, but X has dtype {images.dtype}.")
        return images

    @property
    def _keeps_bytes(self) -> bool:
        return np.dtype(self.dtype) == np.uint8

    def _image_shape(self, input_shape: tuple) -> tuple:
        """Return the height, width and, if there are any, channels of images with the given input shape."""
        asked = self.image_shape
        if asked is None:
            if len(input_shape) > 1:
                return input_shape
            side = int(np.sqrt(input_shape[0]))
            if side**2 != input_shape[0]:
                raise ValueError(
                    f"X has flat images of {input_shape[0]} values, which is not a square number. Pass image_shape="
                    "(height, width) or (height, width, channels)."
                )
            return (side, side)
        if len(asked) not in (2, 3) or not _are_positive_ints(asked):
            raise ValueError(
                "The 'image_shape' parameter of ImageToSequence must be (height, width) or (height, width, channels), "
                f"all of them positive ints. Got {asked!r}."
            )
        if input_shape not in (asked, (np.prod(asked),)):
            raise ValueError(f"X has images of shape {input_shape}, which do not fit image_shape={asked!r}.")
        return tuple(int(n) for n in asked)

    def _step_shape(self, height: int, width: int) -> tuple:
        """Return the height and width of a step. Every scan reads patches of one size, row by row."""
        size = (self.patch_size,) * 2 if isinstance(self.patch_size, Integral) else self.patch_size
        if len(size) != 2 or not _are_positive_ints(size):
            raise ValueError(
                "The 'patch_size' parameter of ImageToSequence must be a positive int or a tuple of two. Got "
                f"{self.patch_size!r}."
            )
        shape = {"rows": (1, width), "columns": (height, 1), "pixels": (1, 1), "patches": size}[self.scan]
        if height % shape[0] or width % shape[1]:
            raise ValueError(f"patch_size={self.patch_size!r} does not divide images of {height} by {width} pixels.")
        return shape

    def _scale(self, dtype: np.dtype) -> float:
        if self.scale is None or (self.scale == "auto" and dtype.kind not in "iu"):
            return 1.0
        if self.scale != "auto":
            return float(self.scale)
        if dtype.itemsize > 2:
            warnings.warn(
                f"scale='auto' divides the pixels by {np.iinfo(dtype).max}, the largest value of type {dtype}. If the "
                "largest pixel is 255, pass scale=255.",
                stacklevel=4,
            )
        return float(np.iinfo(dtype).max)

    def _check_scale(self, images: np.ndarray) -> None:
        """Raise a ValueError if the type and values of images show that their scale is not the one of `fit`."""
        known, found = self.input_dtype_, images.dtype
        if self.scale != "auto" or known == found:
            return
        largest = float(images.max())
        if known.kind in "iu" and found.kind in "iu":
            is_other = found.itemsize < known.itemsize <= 2 or largest > self.scale_
        elif known.kind in "iu":
            is_other = found.kind == "b" or (largest <= 1 and bool((images != np.rint(images)).any()))
        else:
            is_other = found.kind in "iu" and self._largest <= 1 < largest
        if is_other:
            raise ValueError(
                f"X has images of type {found} with values up to {largest:g}, but ImageToSequence was fitted on images "
                f"of type {known} with values up to {self._largest:g}, and scale='auto' divides by {self.scale_:g}. "
                "Pass images with the type and scale of fit, or set scale to a number that is right for both."
            )

    def _check_range(self, images: np.ndarray, scale: float) -> None:
        """Raise a ValueError if the scaled pixels are too large for `dtype`, or bytes for float32."""
        dtype = np.dtype(np.float32 if self._keeps_bytes else self.dtype)
        largest = max(abs(float(images.max())), abs(float(images.min())))
        limits = np.finfo(np.result_type(dtype, np.float32))  # of the division, where a tiny scale would become zero
        is_divisor = float(limits.tiny) <= scale <= float(limits.max)
        is_in_range = is_divisor and largest <= scale * float(np.finfo(dtype).max)
        if is_scale_of_bytes(scale) if self._keeps_bytes else is_in_range:
            return
        raise ValueError(
            f"X has pixels up to {largest:g}, which divided by scale={scale:g} are out of the range of {dtype}. Set "
            "another scale or a wider dtype."
        )

    def _n_steps_and_channels(self) -> tuple[int, int, int]:
        """Return the number of steps down and across an image, and of its channels."""
        height, width, *channels = self.image_shape_
        return height // self.step_shape_[0], width // self.step_shape_[1], channels[0] if channels else 1


def _are_positive_ints(numbers: tuple) -> bool:
    return all(isinstance(number, (int, np.integer)) and number > 0 for number in numbers)
