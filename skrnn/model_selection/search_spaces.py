"""The default search space of each classifier, as Optuna distributions."""

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from skrnn.model_selection._optuna import contains
from skrnn.model_selection.nesting import last_step
from skrnn.preprocessing import PatchSequence

# The steps of plain SGD are proportional to the gradient; the steps of other optimizers are about as large as the rate.
_LEARNING_RATES = {"sgd": (1e-2, 1.0)}
_USUAL_RATES = (5e-4, 1e-2)
_DEFAULT_RATES = {"sgd": 1e-2}  # of Keras, for learning_rate=None
_USUAL_DEFAULT_RATE = 1e-3
_AVERAGING = {"optimizer__use_ema": True, "optimizer__ema_momentum": 0.95}
_CLIPPING = "optimizer__global_clipnorm"
_OTHER_CLIPPING = {"optimizer__clipnorm", "optimizer__clipvalue"}  # Keras accepts only one of the three


def search_space(estimator: BaseEstimator) -> dict[str, BaseDistribution]:
    """Return a good default search space for a recurrent classifier, or for a pipeline that ends in one.

    ==============================  ===========================  ===============================
    Parameter                       Range                        For
    ==============================  ===========================  ===============================
    ``cell``                        "simple_rnn", "lstm", "gru"  ``RecurrentClassifier``
    ``units``                       16 to 128, logarithmic       all
    ``learning_rate``               0.0005 to 0.01, logarithmic  all but SGD
    ``learning_rate``               0.01 to 1, logarithmic       ``optimizer="sgd"``
    ``layer_dropout``               0 to 0.5                     all
    ``bidirectional``               False, True                  numbers
    ``pooling``                     "last", "max"                numbers
    ``pooling``                     "last", "mean", "max"        token ids
    ``embedding_dim``               8 to 64, logarithmic         token ids, no embedding_matrix
    ``patch_length``                half to twice its value      ``PatchSequence`` in a pipeline
    ``optimizer__global_clipnorm``  1                            optimizers by name or class
    ``optimizer__use_ema``          True                         optimizers by name or class
    ``optimizer__ema_momentum``     0.95                         optimizers by name or class
    ==============================  ===========================  ===============================

    The space does not include the number of epochs, because the search chooses the epoch with the best mean score. Nor
    does it include the batch size: with a tuned learning rate, the batch size affects the speed rather than the final
    score [1]_, and candidates with small batches would mislead the pruner, because they make more updates per epoch and
    lead at first.

    Weights are averaged [2]_ over about the last twenty updates. At a constant learning rate, the accuracy of a single
    network varies by a percentage point or more from epoch to epoch, although the mean over the folds looks steady, and
    the refit is a single network. For the same reason, learning rates are at most 0.01. If the estimator sets these
    ``optimizer__*`` parameters itself, its values are kept.

    Parameters
    ----------
    estimator : estimator
        A recurrent classifier, or a pipeline whose last step is one.

    Returns
    -------
    space : dict of str to optuna.distributions.BaseDistribution
        Distributions by parameter name, which for a pipeline starts with the name of the step. You may modify the dict.

    Raises
    ------
    TypeError
        If the estimator is neither a recurrent classifier nor a pipeline that ends in one.

    References
    ----------
    .. [1] C. J. Shallue, J. Lee, J. Antognini, J. Sohl-Dickstein, R. Frostig and G. E. Dahl (2019). "Measuring the
       Effects of Data Parallelism on Neural Network Training." Journal of Machine Learning Research 20 (112), 1-49.
    .. [2] B. T. Polyak and A. B. Juditsky (1992). "Acceleration of Stochastic Approximation by Averaging." SIAM Journal
       on Control and Optimization 30 (4), 838-855.
    .. [3] R. Pascanu, T. Mikolov and Y. Bengio (2013). "On the Difficulty of Training Recurrent Neural Networks."
       Proceedings of the 30th International Conference on Machine Learning, 1310-1318.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import GRUClassifier
    >>> from skrnn.model_selection import search_space
    >>> from skrnn.preprocessing import ImageToSequence
    >>> space = search_space(make_pipeline(ImageToSequence(), GRUClassifier()))
    >>> space["gruclassifier__units"]
    IntDistribution(high=128, log=True, low=16, step=1)
    """
    from skrnn.estimators.base import BaseRecurrentClassifier

    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        steps = {step: each for step, each in estimator.get_params().items() if isinstance(each, PatchSequence)}
        patches = {f"{step}__patch_length": _around(each.patch_length) for step, each in steps.items()}
        return patches | {f"{name}__{parameter}": found for parameter, found in search_space(last).items()}
    if not isinstance(estimator, BaseRecurrentClassifier):
        raise TypeError(
            "Only recurrent classifiers, and pipelines that end in one, have a default search space. Got "
            f"{estimator!r} instead. Pass param_distributions."
        )
    low, high = _LEARNING_RATES.get(str(estimator.optimizer).lower(), _USUAL_RATES)
    space: dict[str, BaseDistribution] = {
        "units": IntDistribution(16, 128, log=True),
        "learning_rate": FloatDistribution(low, high, log=True),
        "layer_dropout": FloatDistribution(0.0, 0.5),
    }
    if "cell" in estimator.get_params():
        space = {"cell": CategoricalDistribution(["simple_rnn", "lstm", "gru"]), **space}
    if estimator.embedding_dim is not None and estimator.embedding_matrix is None:
        space["embedding_dim"] = IntDistribution(8, 64, log=True)
    if estimator.embedding_dim is not None or estimator.embedding_matrix is not None:
        space["pooling"] = CategoricalDistribution(["last", "mean", "max"])
    else:
        space["bidirectional"] = CategoricalDistribution([False, True])
        space["pooling"] = CategoricalDistribution(["last", "max"])
    if isinstance(estimator.optimizer, (str, type)):  # an instance takes no more arguments
        own = estimator.get_params()
        fixed = _AVERAGING if own.keys() & _OTHER_CLIPPING else {_CLIPPING: 1.0, **_AVERAGING}
        space |= {name: CategoricalDistribution([value]) for name, value in fixed.items() if name not in own}
    return space


def starting_point(estimator: BaseEstimator, space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    """Return the estimator's own parameters, as far as they are in the space.

    Parameters
    ----------
    estimator : estimator
        A recurrent classifier, or a pipeline whose last step is one.
    space : dict of str to optuna.distributions.BaseDistribution
        Its default space.
    """
    own = estimator.get_params()
    last = last_step(estimator)
    if last.learning_rate is None:
        rate = f"{estimator.steps[-1][0]}__learning_rate" if isinstance(estimator, Pipeline) else "learning_rate"
        own[rate] = _DEFAULT_RATES.get(str(last.optimizer).lower(), _USUAL_DEFAULT_RATE)
    return {name: own[name] for name, found in space.items() if name in own and contains(found, own[name])}


def _around(length: int) -> IntDistribution:
    return IntDistribution(max(1, length // 2), 2 * length, log=True)
