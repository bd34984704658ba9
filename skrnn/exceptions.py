"""The warnings of skrnn, to be silenced by their category. Nothing here imports TensorFlow."""


class InputWarning(UserWarning):
    """Warning that X was probably not meant as it was read, so that a network will hardly learn from it.

    The classifiers issue it at most once per `fit`, if X shows one of the most common mistakes: features of very large,
    very small or very different scale, token ids without ``embedding_dim``, pretrained vectors for few of the words,
    the axes of steps and features swapped, or a table with several features for each step. It requires strong evidence,
    so X may be wrong even if there is no warning.

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
