"""Suggestions in errors about unknown parameters."""

import re

import pytest

from skrnn import LSTMClassifier, RecurrentClassifier

MEANT = {
    # PyTorch, skorch, sktime, MLPClassifier, Keras and others
    "units": "hidden_size hidden_units hidden_dim hidden_layer_sizes n_units num_units n_hidden num_layers n_layers",
    "learning_rate": "lr learning_rate_init module__lr optimizer_lr",
    "epochs": "max_epochs n_epochs num_epochs nb_epoch max_iter epoch fit__epochs",
    "batch_size": "iterator_train__batch_size minibatch_size",
    "patience": "n_iter_no_change",
    "validation_fraction": "validation_split val_size",
    "random_state": "seed",
    "class_weight": "class_weights",
    "dropout": "dropout_rate module__dropout dropot",
    "embedding_dim": "embedding_size embed_dim",
    "vocabulary_size": "vocab_size module__num_embeddings",
    "optimizer": "solver optimiser optimzer",
    "bidirectional": "bidirectionnal BIDIRECTIONAL",
    # one underscore instead of two, another prefix, no prefix
    "optimizer__momentum": "optimizer_momentum optimiser__momentum optim__momentum momentum optimizer_momentm",
    "optimizer__weight_decay": "weight_decay optimizer_weight_decay optimizer_decay l2",
    "optimizer__clipnorm": "clipnorm max_grad_norm optimizer_clip_norm",
    "optimizer__learning_rate": "optimizer_learning_rate",
    "optimizer__beta_1": "beta1 Beta_1 optimizer_beta1",
    "optimizer__use_ema": "use_ema optimizer_use_ema",
    "optimizer__of_my_own": "optimizer_of_my_own",
    "callbacks__patience": "callback__patience callbacks_patience callback_patience",
    "callbacks__stop__patience": "callback__stop__patience",
    "callbacks__monitor": "callback__monitor callbacks_monitor callback_monitro monitor",
}


PAIRS = [(given, meant) for meant, names in MEANT.items() for given in names.split()]


@pytest.mark.parametrize(("given", "meant"), PAIRS)
def test_the_right_parameter_is_suggested(given, meant):
    with pytest.raises(ValueError, match=rf"'{given}' for LSTMClassifier\. Did you mean '{meant}'\?"):
        LSTMClassifier().set_params(**{given: 1})


def test_numbers_of_layers_are_explained_as_widths():
    with pytest.raises(ValueError, match=re.escape("'units'? It takes one width for each layer, such as (64, 64).")):
        LSTMClassifier(num_layers=2).fit([[0.0], [1.0]], [0, 1])


def test_only_existing_parameters_are_suggested():
    with pytest.raises(ValueError, match=r"'rnn_type' for RecurrentClassifier\. Did you mean 'cell'\?"):
        RecurrentClassifier().set_params(rnn_type="gru")
    for name in ("rnn_type", "zzz"):
        with pytest.raises(ValueError, match=rf"'{name}' for LSTMClassifier\. Valid are optimizer__\*"):
            LSTMClassifier().set_params(**{name: "gru"})


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("lr", "learning_rate"),
        ("decay", "weight_decay"),
        ("eps", "epsilon"),
        ("betas", "beta_1"),
        ("beta1", "beta_1"),
        ("clip_norm", "clipnorm"),
    ],
)
def test_the_right_argument_is_suggested(given, meant):
    with pytest.raises(ValueError, match=rf"Adam has no argument '{given}'\. Did you mean 'optimizer__{meant}'\?"):
        LSTMClassifier(**{f"optimizer__{given}": 0.1}).fit([[0.0], [1.0]], [0, 1])
