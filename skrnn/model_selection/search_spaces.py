"""The default search space of each classifier, as Optuna distributions."""

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

# The steps of plain SGD are proportional to the gradient; the steps of other optimizers are about as large as the rate.
_LEARNING_RATES = {"sgd": (1e-2, 1.0)}
_USUAL_RATES = (5e-4, 1e-2)
_AVERAGING = {"optimizer__use_ema": True, "optimizer__ema_momentum": 0.95}


def search_space(estimator: BaseEstimator) -> dict[str, BaseDistribution]:
    """Return a good default search space for a recurrent classifier, or for a pipeline that ends in one.

    ===========================  ================================  ==============================
    Parameter                    Range                             For
    ===========================  ================================  ==============================
    ``cell``                     "simple_rnn", "lstm", "gru"       ``RecurrentClassifier``
    ``units``                    16 to 128, logarithmic            all
    ``learning_rate``            0.0005 to 0.01, logarithmic       all but SGD
    ``learning_rate``            0.01 to 1, logarithmic            ``optimizer="sgd"``
    ``layer_dropout``            0 to 0.5                          all
    ``embedding_dim``            8 to 64, logarithmic              token ids, no embedding_matrix
    ``pooling``                  "last", "mean", "max"             token ids
    ``optimizer__use_ema``       True                              optimizers by name or class
    ``optimizer__ema_momentum``  0.95                              optimizers by name or class
    ===========================  ================================  ==============================

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
        return {f"{name}__{parameter}": distribution for parameter, distribution in search_space(last).items()}
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
    if isinstance(estimator.optimizer, (str, type)):  # an instance takes no more arguments
        own = estimator.get_params()
        space |= {name: CategoricalDistribution([value]) for name, value in _AVERAGING.items() if name not in own}
    return space
