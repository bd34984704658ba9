"""skorch around PyTorch's recurrent layers, as its documentation shows. Runs in an environment without skrnn."""

import numpy as np
import torch
from skorch import NeuralNetBinaryClassifier, NeuralNetClassifier
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from benchmarks.peers.common import best_rate, load, main, median_ms, seconds, warm_up_rows

_LAYERS = {"simple_rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
_OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {}),
    "rmsprop": (torch.optim.RMSprop, {"alpha": 0.9, "eps": 1e-7}),  # Keras' constants
    "adam": (torch.optim.Adam, {"eps": 1e-7}),
}


class Network(nn.Module):
    """A recurrent layer over the values or embedded ids, batch normalisation if wanted, and a linear output.

    Parameters
    ----------
    network : dict
        The row's description of the network.
    n_features : int
        Values per step; not used with an embedding.
    n_outputs : int
        Width of the output; one output is returned as a vector.
    """

    def __init__(self, network: dict, n_features: int, n_outputs: int):
        super().__init__()
        units, width = network["units"], network.get("embedding_dim")
        self.embedding = nn.Embedding(network["vocabulary_size"], width) if width else nn.Identity()
        self.dropout = nn.Dropout(network["dropout"]) if network.get("dropout") else nn.Identity()
        self.recurrent = _LAYERS[network["cell"]](width or n_features, units, batch_first=True)
        # Keras' epsilon and momentum.
        normalized = network.get("batch_normalization")
        self.normalization = nn.BatchNorm1d(units, eps=1e-3, momentum=0.01) if normalized else nn.Identity()
        self.output = nn.Linear(units, n_outputs)

    def forward(self, X, lengths=None):
        """Return the logits of a batch; sequences that are padded behind their end come with their lengths."""
        X = self.dropout(self.embedding(X))
        if lengths is not None:
            X = pack_padded_sequence(X, lengths, batch_first=True, enforce_sorted=False)
        _, state = self.recurrent(X)
        last = state[0] if isinstance(state, tuple) else state
        return self.output(self.normalization(last[-1])).squeeze(-1)


def build(network: dict, X: np.ndarray, y: np.ndarray, **parameters) -> NeuralNetClassifier:
    """Return skorch's classifier of the network for data like X and y."""
    n_classes = len(np.unique(y))
    binary = n_classes == 2
    optimizer, constants = _OPTIMIZERS[network["optimizer"]]
    return (NeuralNetBinaryClassifier if binary else NeuralNetClassifier)(
        Network,
        module__network=network,
        module__n_features=X.shape[-1],
        module__n_outputs=1 if binary else n_classes,
        criterion=nn.BCEWithLogitsLoss if binary else nn.CrossEntropyLoss,
        optimizer=optimizer,
        **{f"optimizer__{name}": value for name, value in constants.items()},
        lr=network["learning_rate"],
        batch_size=network["batch_size"],
        iterator_train__shuffle=True,
        train_split=None,
        callbacks__print_log=None,
        verbose=0,
        **{"max_epochs": 1, **parameters},
    )


def _load(task: dict) -> tuple[np.ndarray, np.ndarray]:
    """Load the data in PyTorch's types: ids of 64 bits, and floats as the labels of two classes."""
    X, y = load(task, "X", "y")
    return (X.astype(np.int64) if X.dtype.kind == "i" else X), (y.astype(np.float32) if y.max() == 1 else y)


def train(task: dict) -> dict:
    """Measure one epoch of a network that has been trained before."""
    X, y = _load(task)
    net = build(task["network"], X, y)
    warm = warm_up_rows(len(X), task["network"]["batch_size"])
    net.fit(X[warm], y[warm])
    return {"value": len(X) / seconds(lambda: net.partial_fit(X, y))}


class Sequences(torch.utils.data.Dataset):
    """Sequences of unequal lengths and their labels."""

    def __init__(self, sequences: list[torch.Tensor], labels: torch.Tensor):
        self.sequences, self.labels = sequences, labels

    def __len__(self):
        """Return the number of sequences."""
        return len(self.sequences)

    def __getitem__(self, row):
        """Return one sequence and its label."""
        return self.sequences[row], self.labels[row]


def collate(rows: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Make a batch, padded to the longest of its sequences."""
    sequences, labels = zip(*rows, strict=True)
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    return {"X": pad_sequence(sequences, batch_first=True), "lengths": lengths}, torch.stack(labels)


def variable_length(task: dict) -> dict:
    """Measure the first fit on sequences that are packed batch by batch, from the building of the network on."""
    X, y, lengths = load(task, "X", "y", "lengths")
    sequences = [torch.from_numpy(row[:length]) for row, length in zip(X, lengths, strict=True)]
    data = Sequences(sequences, torch.from_numpy(y))

    def fit():
        net = build(task["network"], X, y, max_epochs=task["epochs"], iterator_train__collate_fn=collate)
        net.fit(data, y=None)

    return {"value": seconds(fit)}


def predict_one(task: dict) -> dict:
    """Measure the prediction of one row."""
    X, y = _load(task)
    net = build(task["network"], X, y).fit(X[:640], y[:640])
    return {"value": median_ms(net.predict_proba, X, task)}


def predict_bulk(task: dict) -> dict:
    """Measure the prediction of many rows."""
    X, y = _load(task)
    own = build(task["network"], X, y, iterator_valid__batch_size=128).fit(X[:640], y[:640])
    large = build(task["network"], X, y, iterator_valid__batch_size=1024).fit(X[:640], y[:640])
    ways = {"default batches": lambda: own.predict_proba(X), "batches of 1024": lambda: large.predict_proba(X)}
    return best_rate(len(X), ways)


if __name__ == "__main__":
    tasks = (train, variable_length, predict_one, predict_bulk)
    main({task.__name__: task for task in tasks}, packages=("skorch", "torch", "numpy"))
