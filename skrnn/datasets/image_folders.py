"""Folders of images: ``class/name.png``."""

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from skrnn._memory import shortage
from skrnn.datasets.description import count, summary

_SUFFIXES = (".png", ".jpg", ".jpeg")
# A pixel of other modes does not fit into one or three bytes: 16 bits, or transparency.
_MODES = {"1": "L", "L": "L", "RGB": "RGB", "P": "RGB", "CMYK": "RGB", "YCbCr": "RGB"}


def read_image_folder(path: Path) -> Bunch:
    """Read a folder that has a folder of images for each class.

    Returns
    -------
    data : Bunch
        `X` of shape (n, height, width) or (n, height, width, 3), uint8, sorted by class and name; `y` and
        `target_names` with the names of the folders.

    Raises
    ------
    ValueError
        If there are no images, or one cannot be read or differs from most others in size or colours.
    """
    path = path.resolve()  # "." has no name
    folders = sorted(child for child in path.iterdir() if child.is_dir() and not child.name.startswith("."))
    files = {folder.name: _visible(folder) for folder in folders}
    images = {name: [file for file in inside if _is_image(file)] for name, inside in files.items()}
    images = {name: inside for name, inside in images.items() if inside}
    n_images = sum(map(len, images.values()))
    n_others = sum(map(len, files.values())) - n_images + len([child for child in _visible(path) if child.is_file()])
    if not images:
        raise ValueError(
            f"{path}: expected a folder for each class, with images that end in {', '.join(_SUFFIXES)}, such as "
            f"{path.name}/cat/1.png. {_found(folders)}"
        )
    labels = np.array([name for name, inside in images.items() for _ in inside])
    data = Bunch(
        X=_stacked([file for inside in images.values() for file in inside]),
        y=labels,
        groups=None,
        feature_names=None,
        categories={},
        target_names=[*images],
        kind="images",
    )
    others = [f"{count(n_others, 'other file')} or folders in it were ignored."] if n_others else []
    data.description = summary(data, f"{path.name}: a folder of images", notes=others)
    return data


def _visible(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if not child.name.startswith("."))


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in _SUFFIXES and file.is_file()


def _found(folders: list[Path]) -> str:
    if not folders:
        return "There are no folders in it."
    nested = next((child for folder in folders for child in _visible(folder) if child.is_dir()), None)
    if nested is None:
        return "Its folders hold no such files."
    return f"There are folders in its folders: pass one of them, such as {nested.parent}."


def _stacked(files: list[Path]) -> np.ndarray:
    arrays, largest = [], 0
    for file in files:
        arrays.append(_pixels(file))
        if arrays[-1].nbytes > largest:
            largest = arrays[-1].nbytes
            if problem := shortage(2 * largest * len(files)):  # the images, and the array of all of them
                raise ValueError(
                    f"{file}: {len(files):,} images of {_shape(arrays[-1].shape)} {problem}. Make them smaller, for "
                    "example with Pillow."
                )
    shapes = Counter(array.shape for array in arrays)
    if len(shapes) > 1:
        usual, n_usual = shapes.most_common(1)[0]
        file, array = next(pair for pair in zip(files, arrays, strict=True) if pair[1].shape != usual)
        raise ValueError(
            f"{file}: the image has {_shape(array.shape)}, but {n_usual} of {len(files)} have {_shape(usual)}. All "
            "must be alike: resize or convert them, for example with Pillow."
        )
    return np.stack(arrays)


def _pixels(file: Path) -> np.ndarray:
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                mode = _MODES.get(image.mode)
                if mode is not None:
                    # cameras store how the image was held beside its pixels
                    return np.asarray(ImageOps.exif_transpose(image).convert(mode))
                found = image.mode
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ValueError(f"{file}: the image is too large: {error} Make it smaller.") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{file}: expected an image: {error}") from error
    raise ValueError(
        f"{file}: the image has the mode {found}; expected gray or coloured pixels of 8 bits, without transparency. "
        "Convert it, for example with Pillow: image.convert('L') or image.convert('RGB')."
    )


def _shape(shape: tuple[int, ...]) -> str:
    height, width, *colors = shape
    return f"{height} x {width} {'coloured' if colors else 'gray'} pixels"
