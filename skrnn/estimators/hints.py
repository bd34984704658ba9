"""Suggestions for unknown parameters: near misses, and names from other libraries."""

import inspect
import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from skrnn._hints import closest, did_you_mean
from skrnn._tensorflow import keras

# The names of the same parameters in PyTorch, skorch, sktime, MLPClassifier, Keras' `fit` and others.
_ELSEWHERE = {
    "units": "hidden_size hidden_sizes hidden_units hidden_dim hidden_dims hidden_layer_sizes n_units num_units "
    "n_hidden num_hidden n_hidden_units rnn_units lstm_units gru_units n_neurons neurons num_layers n_layers "
    "layers hidden",
    "learning_rate": "lr learning_rate_init lr_init eta eta0 step_size",
    "epochs": "max_epochs n_epochs num_epochs nb_epoch nb_epochs epoch max_iter n_iter num_iterations",
    "batch_size": "minibatch_size batchsize bs n_batch",
    "patience": "n_iter_no_change early_stopping_patience early_stopping_rounds",
    "validation_fraction": "validation_split val_split validation_size val_size val_fraction validation train_split",
    "dropout": "dropout_rate dropout_prob p_dropout rnn_dropout",
    "class_weight": "class_weights",
    "random_state": "seed random_seed",
    "optimizer": "solver",
    "embedding_dim": "embedding_size embed_dim embed_size emb_dim output_dim",
    "vocabulary_size": "vocab_size num_embeddings n_tokens num_words max_features input_dim",
    "embedding_matrix": "pretrained_embeddings pretrained_vectors word_vectors embeddings embedding_weights",
    "embedding_trainable": "trainable_embedding train_embeddings freeze_embedding",
    "static_features": "static_columns static_covariates static_reals context_features",
    "activation": "nonlinearity",
    "cell": "cell_type rnn_type rnn_cell mode",
    "dense_units": "fc_units dense_sizes n_dense_units",
    "optimizer__weight_decay": "l2 alpha decay",
    "optimizer__beta_1": "betas",
    "optimizer__epsilon": "eps",
    "optimizer__clipnorm": "gradient_clip_val max_grad_norm grad_clip clip_norm",
}
_OURS = {theirs: ours for ours, names in _ELSEWHERE.items() for theirs in names.split()}
_ROUTED = re.compile(r"(optimi[sz]er|callback)s?_+([^_].*)")


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the suggestion for an error message about a parameter that is not `known`, or an empty string."""
    near = _parameter_meant(name, {*known})
    layers = " It takes one width for each layer, such as (64, 64)." if near == "units" and "layer" in name else ""
    return did_you_mean(near) + layers


def _parameter_meant(name: str, known: set[str]) -> str | None:
    optimizer, callbacks = keras_arguments("optimizer"), keras_arguments("callbacks")
    if routed := _ROUTED.fullmatch(name):  # one underscore instead of two, or a misspelled prefix
        prefix, arguments = ("callbacks", callbacks) if routed[1] == "callback" else ("optimizer", optimizer)
        if _OURS.get(routed[2]) in known:
            return _OURS[routed[2]]
        # With another "__", the rest starts with the key of one of several callbacks.
        named = None if "__" in routed[2] else argument_meant(routed[2], arguments)
        return f"{prefix}__{named or routed[2]}"
    possible = {*known, *(f"optimizer__{a}" for a in optimizer), *(f"callbacks__{a}" for a in callbacks)}
    for given in dict.fromkeys((name, name.rpartition("__")[2])):  # with and without the prefix
        if given in known:
            return given
        if _OURS.get(given) in possible:
            return _OURS[given]
        for prefix, arguments in (("optimizer", optimizer), ("callbacks", callbacks)):
            if given in arguments:
                return f"{prefix}__{given}"
    return _closest(name, possible)


def _closest(name: str, known: Collection[str]) -> str | None:
    """Return the most similar known name, ignoring case and underscores."""
    spelled = {each.rpartition("__")[2].replace("_", ""): each for each in sorted(known, key=len, reverse=True)}
    same = spelled.get(name.replace("_", "").lower())
    return same or closest(name.lower(), known)


def argument_meant(name: str, arguments: Collection[str]) -> str | None:
    """Return the most similar of the `arguments` of an optimizer or callback, or None if none is similar."""
    ours = _OURS.get(name, name).removeprefix("optimizer__")
    return ours if ours in arguments else _closest(name, arguments)


@lru_cache(maxsize=2)
def keras_arguments(prefix: str) -> frozenset[str]:
    """Return the arguments of all Keras optimizers or callbacks, which ``optimizer__*`` or ``callbacks__*`` may set."""
    home, base = {
        "optimizer": (keras.optimizers, keras.optimizers.Optimizer),
        "callbacks": (keras.callbacks, keras.callbacks.Callback),
    }[prefix]
    unfit = base, keras.callbacks.CallbackList
    classes = [c for c in vars(home).values() if inspect.isclass(c) and issubclass(c, base) and c not in unfit]
    parameters = [p for c in classes for p in inspect.signature(c).parameters.values()]
    return frozenset(p.name for p in parameters if p.kind is not p.VAR_KEYWORD) - {"name"}
