"""Folders of images: ``class/name.png``."""

import re

import numpy as np
import pytest
from PIL import Image

from skrnn.datasets import load_file
from skrnn.datasets.description import describe

GRAY = np.arange(20, dtype=np.uint8).reshape(4, 5)
COLOURED = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)


@pytest.fixture
def save(tmp_path):
    """Return a function that saves an image in a folder of a class."""

    def save(name, pixels=GRAY, **options):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        image.save(path, **options)
        return path

    return save


def test_gray_images_are_sorted_by_class_and_name(tmp_path, save):
    for place, name in enumerate(["dog/2.png", "dog/1.png", "cat/b.PNG", "cat/a.png"]):
        save(name, GRAY + place)
    data = load_file(tmp_path / "photos")
    assert data.X.shape == (4, 4, 5)
    assert data.X.dtype == np.uint8
    assert data.X[:, 0, 0].tolist() == [3, 2, 1, 0]
    assert data.y.tolist() == ["cat", "cat", "dog", "dog"]
    assert data.target_names == ["cat", "dog"]
    assert data.kind == "images"
    assert data.description == "photos: a folder of images; 4 images of 4 x 5 pixels, 2 classes."
    assert ("pixels", "4 x 5 pixels") in describe(data)


def test_coloured_images(tmp_path, save):
    save("a/1.png", COLOURED)
    save("b/2.jpg", np.full((4, 5, 3), 90, np.uint8))
    data = load_file(tmp_path / "photos")
    np.testing.assert_array_equal(data.X, np.stack([COLOURED, np.full((4, 5, 3), 90)]))


def test_other_modes_are_converted(tmp_path, save):
    save("a/1.png", Image.fromarray(GRAY > 9))
    data = load_file(tmp_path / "photos")
    np.testing.assert_array_equal(data.X, [255 * (GRAY > 9)])
    palette = Image.fromarray(COLOURED).convert("P", palette=Image.Palette.ADAPTIVE)
    save("a/1.png", palette)
    np.testing.assert_array_equal(load_file(tmp_path / "photos").X, [np.asarray(palette.convert("RGB"))])


def test_a_photograph_is_turned_as_it_was_taken(tmp_path, save):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise
    pixels = np.zeros((8, 16), np.uint8)
    pixels[:, :8] = 255
    save("a/1.jpg", pixels, exif=exif, quality=100)
    X = load_file(tmp_path / "photos").X
    assert X.shape == (1, 16, 8)
    assert X[0, :8].mean() > 250
    assert X[0, 8:].mean() < 5


def test_hidden_files_are_ignored_and_others_counted(tmp_path, save):
    save("a/1.png")
    save("b/2.png")
    save(".trash/3.png")
    save("a/.4.png")
    folder = tmp_path / "photos"
    (folder / "README.md").write_text("x")
    (folder / "a" / "notes.txt").write_text("x")
    (folder / "b" / "originals").mkdir()
    (folder / "masks").mkdir()
    (folder / "masks" / "m.csv").write_text("x")
    data = load_file(folder)
    assert data.y.tolist() == ["a", "b"]
    assert data.description == (
        "photos: a folder of images; 2 images of 4 x 5 pixels, 2 classes. 4 other files or folders in it were ignored."
    )


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (GRAY[:, :4], "the image has 4 x 4 gray pixels, but 3 of 4 have 4 x 5 gray pixels."),
        (COLOURED, "the image has 4 x 5 coloured pixels, but 3 of 4 have 4 x 5 gray pixels."),
        (np.zeros((4, 5, 4), np.uint8), "the image has the mode RGBA; expected gray or coloured pixels of 8 bits"),
        (np.zeros((4, 5), np.uint16), "the image has the mode I;16; expected gray or coloured pixels of 8 bits"),
    ],
)
def test_the_odd_image_is_named(tmp_path, save, pixels, message):
    odd = save("a/0.png", pixels)
    for name in ("a/1.png", "b/1.png", "b/2.png"):
        save(name)
    with pytest.raises(ValueError, match=re.escape(f"{odd}: {message}")):
        load_file(tmp_path / "photos")


@pytest.mark.parametrize("cut", [0, 10, 40, -20])
def test_a_damaged_image_is_named(tmp_path, save, cut):
    path = save("a/1.png")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match=re.escape(f"{path}: expected an image: ")):
        load_file(tmp_path / "photos")


def test_a_folder_without_classes(tmp_path, save):
    save("1.png")
    folder = tmp_path / "photos"
    message = f"{folder}: expected a folder for each class, with images that end in .png, .jpg, .jpeg, such as "
    with pytest.raises(ValueError, match=re.escape(f"{message}photos/cat/1.png. There are no folders in it.")):
        load_file(folder)
    save("train/cat/1.png")
    with pytest.raises(
        ValueError, match=re.escape(f"There are folders in its folders: pass one of them, such as {folder / 'train'}.")
    ):
        load_file(folder)
    assert len(load_file(folder / "train").X) == 1
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "empty").mkdir()
    with pytest.raises(ValueError, match="Its folders hold no such files"):
        load_file(tmp_path / "text")
    with pytest.raises(ValueError, match="`target` is an option of tables, and this is a folder of images"):
        load_file(folder / "train", target="y")
