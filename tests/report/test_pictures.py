"""Figures as small images within a page."""

import base64
from io import BytesIO

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from skrnn.report.pictures import _image, _shorter_path


@pytest.fixture
def figure():
    figure = Figure(figsize=(4, 3), layout="constrained")
    figure.subplots().plot([0, 1], [0, 1])
    return figure


def content(image):
    return base64.b64decode(image.uri.partition(",")[2])


def test_few_lines_stay_lines(figure):
    image = _image(figure)
    assert image.uri.startswith("data:image/svg+xml;base64,")
    assert content(image).startswith(b"<?xml")
    assert image.width / image.height == pytest.approx(4 / 3, abs=0.01)


def test_very_many_lines_become_pixels(figure):
    values = np.random.default_rng(0).normal(size=(40, 2000))
    figure.axes[0].plot(values.T)
    image = _image(figure)
    assert image.uri.startswith("data:image/png;base64,")
    assert len(content(image)) < 180_000
    width, height = Image.open(BytesIO(content(image))).size
    assert width >= 2 * 4 * 96  # sharp on a screen with two pixels per CSS pixel
    assert width / height == pytest.approx(4 / 3, abs=0.01)


def test_paths_are_shortened():
    path = b"M 1.23456 200.456 \nL 2.5 3 \nL 4 -5.019 \nC 1 2 3 4 5 6 \nL 7 8 \nL 9 10 \nz\n"
    assert _shorter_path(path) == b"M 1.23 200.5 \n2.5 3 \n4 -5.02 \nC 1 2 3 4 5 6 \nL 7 8 \n9 10 \nz\n"
