"""The published systems, as data. The class `Recipe` is defined in `skrnn.recipes.recipe`."""

import copy

from skrnn._hints import closest, did_you_mean
from skrnn.recipes.recipe import Figures, Recipe

_PYTHON_ALGOS = (
    '"The Best RNN for Image Classification: RNN, LSTM, or GRU?" and "Long Short-Term Memory (LSTM) in Keras", '
    "PythonAlgos"
)
_QUICK_LSTM = '"Understanding LSTM with quick implementation in Keras"'
_ATIENZA = "R. Atienza, Advanced Deep Learning with Keras, Packt 2018, section on RNNs (Listing 1.5.1, Table 1.5.1)"
_THREE_ON_IMDB = '"Deep Learning Sequential Model: Comparing RNN, GRU, and LSTM with Example Code"'

_CLASSES = {"SimpleRNN": "SimpleRNNClassifier", "LSTM": "LSTMClassifier", "GRU": "GRUClassifier"}


def _batch_normalised(layer: str, n_parameters: int, published: Figures) -> Recipe:
    """Return one of the three networks with batch normalisation that PythonAlgos compares on MNIST."""
    return Recipe(
        name=f"mnist-{layer.lower()}64-bn",
        summary=f"{layer} of 64 units over the rows of the image, batch normalisation; SGD",
        citation=_PYTHON_ALGOS,
        dataset="mnist",
        preprocessing={"scan": "rows"},
        classifier=_CLASSES[layer],
        network={"units": 64, "batch_normalization": True},
        training={"optimizer": "sgd", "batch_size": 64, "epochs": 10},
        n_parameters=n_parameters,
        published=published,
        from_logits=True,
    )


def _book(
    network_name: str,
    summary: str,
    n_parameters: int,
    published: Figures | None = None,
    *,
    layer: str = "SimpleRNN",
    units: int | tuple[int, ...] = 256,
    optimizer: str = "sgd",
    scan: str = "rows",
    **network: bool,
) -> Recipe:
    """Return a network from Atienza's section on RNNs, or a variation mentioned there."""
    return Recipe(
        name=f"mnist-{network_name}",
        summary=summary,
        citation=_ATIENZA,
        dataset="mnist",
        preprocessing={"scan": scan},
        classifier=_CLASSES[layer],
        network={"units": units, "dropout": 0.2, **network},
        training={"optimizer": optimizer, "batch_size": 128, "epochs": 20},
        n_parameters=n_parameters,
        published=published or Figures(),
    )


def _of_reviews(layer: str, n_parameters: int, published: Figures) -> Recipe:
    """Return one of the three networks compared on IMDB, which do not mask padding."""
    return Recipe(
        name=f"imdb-{layer.lower()}32",
        summary=f"{layer} of 32 units over the last 100 words, embedded in 32 values; RMSprop",
        citation=_THREE_ON_IMDB,
        dataset="imdb",
        preprocessing={"max_tokens": 10_000, "max_length": 100, "padding": "pre", "truncating": "pre"},
        classifier=_CLASSES[layer],
        network={"units": 32, "embedding_dim": 32, "vocabulary_size": 10_000, "mask_zero": False},
        training={"optimizer": "rmsprop", "batch_size": 128, "epochs": 10, "validation_fraction": 0.2},
        n_parameters=n_parameters,
        published=published,
    )


_ALL = (
    _batch_normalised("SimpleRNN", 6_858, Figures(0.96, approximate=True)),
    _batch_normalised("LSTM", 24_714, Figures(0.96, approximate=True)),
    _batch_normalised("GRU", 18_954, Figures(0.95, approximate=True)),
    Recipe(
        name="mnist-simplernn32-relu",
        summary="SimpleRNN of 32 units with ReLU over the rows; Adam",
        citation=_QUICK_LSTM,
        dataset="mnist",
        preprocessing={"scan": "rows"},
        classifier="SimpleRNNClassifier",
        network={"units": 32, "activation": "relu"},
        training={"optimizer": "adam", "batch_size": 32, "epochs": 3},
        n_parameters=2_282,
        published=Figures(0.9034),
    ),
    Recipe(
        name="mnist-lstm128x2-relu",
        summary="Two LSTM of 128 units with ReLU and a dense layer of 32, dropout after each; Adam",
        citation=_QUICK_LSTM,
        dataset="mnist",
        preprocessing={"scan": "rows"},
        classifier="LSTMClassifier",
        network={
            "units": (128, 128),
            "activation": "relu",
            "dense_units": (32,),
            "dense_activation": "relu",
            "layer_dropout": 0.2,
        },
        training={"optimizer": "adam", "batch_size": 32, "epochs": 3},
        n_parameters=216_426,
        published=Figures(0.9652),
    ),
    _book(
        "simplernn256-sgd",
        "SimpleRNN of 256 units, dropout on its input; SGD",
        75_530,
        Figures(0.98, 0.9726),
    ),
    _book(
        "simplernn256-rmsprop",
        "The same, RMSprop",
        75_530,
        Figures(0.976, 0.9672),
        optimizer="rmsprop",
    ),
    _book(
        "simplernn256-adam",
        "The same, Adam",
        75_530,
        Figures(0.974, 0.9679),
        optimizer="adam",
    ),
    _book(
        "simplernn512-sgd",
        "SimpleRNN of 512 units, dropout on its input; SGD",
        282_122,
        Figures(0.983, 0.9788),
        units=512,
    ),
    _book("lstm256-sgd", "LSTM in place of the SimpleRNN of 256 units; SGD", 294_410, layer="LSTM"),
    _book("gru256-sgd", "GRU in place of the SimpleRNN of 256 units; SGD", 222_218, layer="GRU"),
    _book(
        "bilstm128-sgd",
        "LSTM that reads both ways, 128 units each; SGD",
        163_338,
        layer="LSTM",
        units=128,
        bidirectional=True,
    ),
    _book("simplernn256x2-sgd", "Two stacked SimpleRNN of 256 units; SGD", 206_858, units=(256, 256)),
    _book("simplernn256-columns", "Columns of pixels instead of rows; SGD", 75_530, scan="columns"),
    _of_reviews("SimpleRNN", 322_113, Figures(0.81, test_loss=0.6919)),
    _of_reviews("GRU", 326_369, Figures(0.8272, test_loss=0.4834)),
    _of_reviews("LSTM", 328_353, Figures(0.839, test_loss=0.4337)),
)
_RECIPES = {recipe.name: recipe for recipe in _ALL}


def list_recipes() -> list[str]:
    """Return the names of all recipes.

    Returns
    -------
    names : list of str
        The names, grouped by the text that describes the systems. A name consists of the data set, the network, and
        the difference from similar networks.

    Examples
    --------
    >>> from skrnn.recipes import list_recipes
    >>> list_recipes()[:3]
    ['mnist-simplernn64-bn', 'mnist-lstm64-bn', 'mnist-gru64-bn']
    """
    return list(_RECIPES)


def load_recipe(name: str) -> Recipe:
    """Return a published system by name.

    Parameters
    ----------
    name : str
        A name from :func:`list_recipes`.

    Returns
    -------
    recipe : Recipe
        A new copy.

    Raises
    ------
    ValueError
        If there is no recipe with this name. The message suggests a similar name.

    Examples
    --------
    >>> from skrnn.recipes import load_recipe
    >>> load_recipe("imdb-lstm32").summary
    'LSTM of 32 units over the last 100 words, embedded in 32 values; RMSprop'
    """
    try:
        return copy.deepcopy(_RECIPES[name])
    except (KeyError, TypeError):
        hint = did_you_mean(closest(str(name), _RECIPES, cutoff=0.5))
        raise ValueError(f"There is no recipe {name!r}.{hint} The recipes are: {', '.join(_RECIPES)}.") from None
