"""The warnings of skrnn, to be silenced by their category. Nothing here imports TensorFlow."""


class InputWarning(UserWarning):
    """Warning that X is probably not what it is read as, so that a network will hardly learn from it.

    The classifiers give it at most once in a `fit`, where the numbers in X show one of the commonest mistakes: features
    of very large, very small or very different scale, token ids without ``embedding_dim``, the axes of steps and
    features swapped, or a table with several features for each step. It wants strong evidence, so that its absence
    proves nothing.

    Examples
    --------
    >>> import warnings
    >>> from skrnn import GRUClassifier, InputWarning
    >>> from skrnn.datasets import make_adding_problem
    >>> X, y = make_adding_problem(50, 10, random_state=0)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", category=InputWarning)
    ...     classifier = GRUClassifier(8, epochs=1).fit(1000 * X, y)
    """
