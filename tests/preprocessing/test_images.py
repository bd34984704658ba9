"""Images to sequences: every scan, the scale, and the way back."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.preprocessing import ImageToSequence

IMAGE = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
COLOURS = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)


@pytest.mark.parametrize(
    ("scan", "expected"),
    [
        ("rows", [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]]),
        ("columns", [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]]),
        ("pixels", [[pixel] for pixel in range(16)]),
        ("patches", [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]),
    ],
)
def test_scans(scan, expected):
    sequences = ImageToSequence(scan, patch_size=2, scale=None).fit_transform(IMAGE)
    assert_array_equal(sequences, np.array([expected], dtype=np.float32), strict=True)


@pytest.mark.parametrize(
    ("scan", "expected"),
    [
        ("rows", [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]),
        ("columns", [[0, 1, 2, 6, 7, 8], [3, 4, 5, 9, 10, 11]]),
        ("pixels", [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]),
        ("patches", [list(range(12))]),
    ],
)
def test_channels_stay_with_their_pixel(scan, expected):
    assert_array_equal(ImageToSequence(scan, patch_size=2, scale=None).fit_transform(COLOURS), [expected])


def test_patches_need_not_be_square():
    sequences = ImageToSequence("patches", patch_size=(2, 4), scale=None).fit_transform(IMAGE)
    assert_array_equal(sequences, [[list(range(8)), list(range(8, 16))]])


@pytest.mark.parametrize("scan", ["rows", "columns", "pixels", "patches"])
def test_flat_images_are_read_like_others(scan):
    encoder = ImageToSequence(scan, patch_size=2)
    expected = encoder.fit_transform(IMAGE)
    assert encoder.n_features_in_ == 16
    assert_array_equal(encoder.fit_transform(IMAGE.reshape(1, 16)), expected)
    assert encoder.image_shape_ == (4, 4)
    assert encoder.n_features_in_ == 16


def test_flat_images_of_any_shape():
    encoder = ImageToSequence(scale=None, image_shape=(2, 2, 3)).fit(COLOURS.reshape(1, 12))
    assert encoder.image_shape_ == (2, 2, 3)
    assert_array_equal(encoder.transform(COLOURS.reshape(1, 12)), COLOURS.reshape(1, 2, 6))
    assert_array_equal(encoder.inverse_transform(COLOURS.reshape(1, 2, 6)), COLOURS.reshape(1, 12))


def test_a_data_frame_holds_flat_images():
    frame = pd.DataFrame(IMAGE.reshape(1, 16)).add_prefix("pixel")
    encoder = ImageToSequence().fit(frame)
    assert encoder.feature_names_in_.tolist() == list(frame.columns)
    with pytest.raises(ValueError, match="The feature names should match those that were passed during fit"):
        encoder.transform(frame.add_suffix("b"))


@pytest.mark.parametrize(
    ("dtype", "scale", "expected"),
    [
        ("uint8", "auto", 255),
        ("int8", "auto", 127),
        ("uint16", "auto", 65535),
        ("float32", "auto", 1),
        ("bool", "auto", 1),
        ("uint8", None, 1),
        ("int64", 16, 16),
    ],
)
def test_scale(dtype, scale, expected):
    images = np.ones((1, 2, 2), dtype=dtype)
    encoder = ImageToSequence(scale=scale, dtype="float64")
    assert_array_equal(encoder.fit_transform(images), np.full((1, 2, 2), 1 / expected), strict=True)
    assert encoder.scale_ == expected


def test_wide_integers_need_a_scale():
    message = (
        r"^scale='auto' divides the pixels by 9223372036854775807, the largest value of type int64\. If the "
        r"largest pixel is 255, pass scale=255\.$"
    )
    with pytest.warns(UserWarning, match=message):
        ImageToSequence().fit(IMAGE.astype(np.int64))


def test_fit_decides_the_scale():
    encoder = ImageToSequence().fit(IMAGE)
    assert_array_equal(encoder.transform(IMAGE.astype(float)), encoder.transform(IMAGE))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", np.float32, np.dtype("float64")])
def test_dtype(dtype):
    images = np.full((1, 2, 2), 65535, dtype=np.uint16)
    sequences = ImageToSequence(dtype=dtype).fit_transform(images)
    assert_array_equal(sequences, np.ones((1, 2, 2), dtype=dtype), strict=True)


def test_the_result_never_shares_memory_with_the_images():
    images = np.ones((1, 2, 2), dtype=np.float32)
    assert not np.shares_memory(ImageToSequence().fit_transform(images), images)


@given(
    st.sampled_from(["uint8", "int8", "uint16", "bool", "float32"]).flatmap(
        lambda dtype: npst.arrays(
            dtype,
            st.tuples(st.integers(1, 3), st.just(4), st.just(6), st.integers(1, 3)),
            elements={"allow_nan": False, "allow_infinity": False} if dtype == "float32" else None,
        )
    ),
    st.sampled_from(["rows", "columns", "pixels", "patches"]),
    st.booleans(),
)
def test_inverse_transform_is_exact(images, scan, flat):
    encoder = ImageToSequence(scan, patch_size=(2, 3), image_shape=images.shape[1:])
    X = images.reshape(len(images), -1) if flat else images
    assert_array_equal(encoder.inverse_transform(encoder.fit_transform(X)), X, strict=True)


def test_inverse_transform_clips_to_the_type():
    encoder = ImageToSequence().fit(IMAGE)
    assert_array_equal(
        encoder.inverse_transform(np.full((1, 4, 4), 1.5)), np.full((1, 4, 4), 255, np.uint8), strict=True
    )
    assert_array_equal(encoder.inverse_transform(np.full((1, 4, 4), -0.5)), np.zeros((1, 4, 4), np.uint8), strict=True)


@pytest.mark.parametrize(
    ("parameters", "shape", "message"),
    [
        (
            {},
            (2, 12),
            "X has flat images of 12 values, which is not a square number. Pass image_shape=(height, width) or "
            "(height, width, channels).",
        ),
        ({"image_shape": (3, 5)}, (2, 12), "X has images of shape (12,), which do not fit image_shape=(3, 5)."),
        ({"image_shape": (3, 4)}, (2, 4, 3), "X has images of shape (4, 3), which do not fit image_shape=(3, 4)."),
        (
            {"image_shape": (12,)},
            (2, 12),
            "The 'image_shape' parameter of ImageToSequence must be (height, width) or (height, width, channels), all "
            "of them positive ints. Got (12,).",
        ),
        (
            {"image_shape": (-3, -4)},
            (2, 12),
            "The 'image_shape' parameter of ImageToSequence must be (height, width) or (height, width, channels), all "
            "of them positive ints. Got (-3, -4).",
        ),
        (
            {},
            (1, 2, 2, 2, 2),
            "X has 5 dimensions; expected images of shape (height, width), (height, width, channels) or (height * "
            "width * channels,).",
        ),
        ({}, (2, 0, 4), "X has images of shape (0, 4), which have no pixels."),
        ({"scan": "patches", "patch_size": 3}, (2, 3, 4), "patch_size=3 does not divide images of 3 by 4 pixels."),
        (
            {"scan": "patches", "patch_size": (2, 2, 2)},
            (2, 4, 4),
            "The 'patch_size' parameter of ImageToSequence must be a positive int or a tuple of two. Got (2, 2, 2).",
        ),
        (
            {"patch_size": 0},
            (2, 4, 4),
            "The 'patch_size' parameter of ImageToSequence must be an int in the range [1, inf) or an instance of "
            "'tuple'. Got 0 instead.",
        ),
        (
            {"scale": 0.0},
            (2, 4, 4),
            "The 'scale' parameter of ImageToSequence must be a str among {'auto'}, a float in the range (0.0, inf) or "
            "None. Got 0.0 instead.",
        ),
        (
            {"dtype": int},
            (2, 4, 4),
            "The 'dtype' parameter of ImageToSequence must be a floating type or uint8. Got <class 'int'>.",
        ),
    ],
)
def test_messages_of_fit(parameters, shape, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        ImageToSequence(**parameters).fit(np.ones(shape))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("method", "shape", "message"),
    [
        (
            "transform",
            (2, 4, 3),
            "X has images of shape (4, 3), but ImageToSequence was fitted on images of shape (3, 4).",
        ),
        (
            "transform",
            (2, 12),
            "X has images of shape (12,), but ImageToSequence was fitted on images of shape (3, 4).",
        ),
        ("transform", (2, 11), "X has 11 features, but ImageToSequence is expecting 12 features as input."),
        (
            "inverse_transform",
            (2, 4, 3),
            "X has sequences of shape (4, 3), but ImageToSequence was fitted on images that give sequences of shape "
            "(3, 4).",
        ),
    ],
)
def test_messages_for_other_shapes(method, shape, message):
    encoder = ImageToSequence().fit(np.ones((2, 3, 4)))
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        getattr(encoder, method)(np.ones(shape))
    assert str(caught.value) == message


def test_missing_pixels_are_refused():
    with pytest.raises(ValueError, match=r"^Input X contains NaN\.\nImageToSequence does not accept missing values"):
        ImageToSequence().fit(np.full((1, 2, 2), np.nan))


def test_images_of_another_scale_than_those_of_fit():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 3, 3)).astype(np.uint8)
    pixels[0, 0, 0] = 255
    on_bytes, on_floats = ImageToSequence().fit(pixels), ImageToSequence().fit(pixels / 255)
    before = dict(vars(on_bytes))
    wrong = [
        (on_bytes, pixels / 255, r"of type float64 with values up to 1, but .* of type uint8 with values up to 255"),
        (on_bytes, pixels > 9, "of type bool with values up to 1, but .* of type uint8"),
        (on_bytes, pixels.astype(np.uint16) * 257, "of type uint16 with values up to 65535, but"),
        (ImageToSequence().fit(pixels.astype(np.uint16) * 257), pixels, "of type uint8 .* divides by 65535"),
        (on_floats, pixels, r"of type uint8 with values up to 255, but .* of type float64 with values up to 1, "),
        (ImageToSequence().fit(pixels > 9), pixels, "of type uint8 .* of type bool"),
    ]
    for fitted, images, message in wrong:
        with pytest.raises(ValueError, match=message):
            fitted.transform(images)
    assert vars(on_bytes) == before


def test_images_of_another_type_and_the_same_scale():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 3, 3)).astype(np.uint8)
    expected = ImageToSequence().fit_transform(pixels)
    fitted = ImageToSequence().fit(pixels)
    for dtype in ("float32", "float64", "int64", "uint16", "int16"):
        assert_array_equal(fitted.transform(pixels.astype(dtype)), expected)
    assert_array_equal(fitted.transform(np.zeros((1, 3, 3))), np.zeros((1, 3, 3)))
    floats = ImageToSequence().fit(pixels.astype(float))
    assert_array_equal(floats.transform(pixels), pixels)
    given = ImageToSequence(scale=255).fit(pixels)
    assert_allclose(given.transform(pixels / 255), pixels / 255 / 255, rtol=1e-6)
    assert ImageToSequence().fit(pixels / 255).transform(pixels > 9).max() == 1


# Ranges


@pytest.mark.parametrize(
    ("encoder", "images", "message"),
    [
        (
            ImageToSequence(dtype="float16", scale=None),
            np.array([[[65535, 0]]], np.uint16),
            "X has pixels up to 65535, which divided by scale=1 are out of the range of float16. Set another scale or "
            "a wider dtype.",
        ),
        (ImageToSequence(), np.array([[[-1e300, 0.0]]]), "X has pixels up to 1e+300, .* out of the range of float32"),
        (ImageToSequence(scale=1e-300), IMAGE, "X has pixels up to 15, which divided by scale=1e-300 are out of"),
        (ImageToSequence(scale=1e-38, dtype="uint8"), IMAGE, "divided by scale=1e-38 are out of the range of float32"),
        (ImageToSequence(scale=1e300, dtype="uint8"), IMAGE, "divided by scale=1e.300 are out of the range of float32"),
        (ImageToSequence(scale=Fraction(1, 2)), IMAGE, "The 'scale' parameter of ImageToSequence must be"),
        (ImageToSequence(scale=10**400), IMAGE, "The 'scale' parameter of ImageToSequence must be"),
        (ImageToSequence(scale=1e-300), np.zeros((1, 2, 2)), "divided by scale=1e-300 are out of the range of float32"),
        (ImageToSequence(scale=1e300), IMAGE, "divided by scale=1e.300 are out of the range of float32"),
    ],
)
def test_pixels_out_of_range(encoder, images, message):
    for call in (encoder.fit, encoder.fit_transform):
        with pytest.raises(ValueError, match=message.replace("+", r"\+")):
            call(images)


def test_transform_checks_the_range_too():
    encoder = ImageToSequence(dtype="float16", scale=None).fit(np.ones((1, 2, 2)))
    with pytest.raises(ValueError, match="X has pixels up to 70000"):
        encoder.transform(np.full((1, 2, 2), 70000.0))


@pytest.mark.filterwarnings("ignore:scale='auto' divides:UserWarning")
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("scale", ["auto", None])
def test_the_extremes_of_integers_come_back(dtype, scale):
    limits = np.iinfo(dtype)
    images = np.array([[[limits.min, limits.max, 0]]], dtype=dtype)
    encoder = ImageToSequence(scale=scale, dtype="float64").fit(images)
    assert_array_equal(encoder.inverse_transform(encoder.transform(images)), images, strict=True)
    beyond = np.full((1, 1, 3), 1e30)
    assert_array_equal(encoder.inverse_transform(beyond), np.full((1, 1, 3), limits.max, dtype), strict=True)
    assert_array_equal(encoder.inverse_transform(-beyond), np.full((1, 1, 3), limits.min, dtype), strict=True)
