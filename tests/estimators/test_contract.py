"""scikit-learn's own checks, for all four classifiers as they come.

RecurrentClassifier takes all of them. The other three are the same code with another cell: they take the checks of the
class and of its constructor, and those that a cell may fail because it learns too little. Where a check does not ask
how much is learned, a few epochs will do. With SKRNN_LONG=1 all take all checks as they come, which needs five more
minutes.
"""

import os

import pytest
from sklearn.base import is_classifier
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator

from skrnn import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier

ALL = [SimpleRNNClassifier, LSTMClassifier, GRUClassifier, RecurrentClassifier]

# Both look at every class that an estimator inherits from, and fail for SciKeras' KerasClassifier itself.
CAUSED_BY_SCIKERAS = {
    "check_estimator_tags_renamed": "SciKeras' BaseWrapper defines _more_tags, which scikit-learn 1.6 has removed",
    "check_mixin_order": "SciKeras' KerasClassifier lists BaseEstimator before ClassifierMixin",
}


OF_THE_CLASS = {
    "check_dict_unchanged",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_dont_overwrite_parameters",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_pickle",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_readonly_memmap_input",
    "check_set_params",
    "check_valid_tag_types",
}
OF_THE_CELL = {"check_class_weight_classifiers", "check_classifiers_one_label", "check_classifiers_train"}


def checks():
    """Iterate over the classifiers and their checks."""
    for estimator in (each() for each in ALL):
        seen = set()
        for _, check in estimator_checks_generator(estimator, mark=None):
            name = getattr(check, "func", check).__name__
            first = name not in seen  # check_classifiers_train comes thrice, with other arrays
            seen.add(name)
            needed = name in OF_THE_CLASS or (name in OF_THE_CELL and first)
            if isinstance(estimator, RecurrentClassifier) or needed or "SKRNN_LONG" in os.environ:
                reason = CAUSED_BY_SCIKERAS.get(name)
                marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
                options = ", ".join(f"{key}={value}" for key, value in getattr(check, "keywords", {}).items())
                label = f"{type(estimator).__name__}-{name}{f'({options})' if options else ''}"
                yield pytest.param(type(estimator), check, marks=marks, id=label)


@pytest.mark.parametrize(("classifier", "check"), [*checks()])
def test_scikit_learn_check(classifier, check):
    name = getattr(check, "func", check).__name__
    as_it_comes = name in OF_THE_CLASS | OF_THE_CELL or "SKRNN_LONG" in os.environ
    check(classifier() if as_it_comes else classifier(epochs=5))


def test_every_class_takes_the_checks_that_are_its_own():
    """A check that scikit-learn renames must not be lost."""
    taken = {classifier: set() for classifier in ALL}
    for each in checks():
        classifier, check = each.values
        taken[classifier].add(getattr(check, "func", check).__name__)
    for classifier in ALL:
        assert taken[RecurrentClassifier] >= taken[classifier] >= OF_THE_CELL
    known = OF_THE_CLASS & taken[RecurrentClassifier]
    assert known == OF_THE_CLASS, OF_THE_CLASS - known


@pytest.mark.parametrize("classifier", ALL)
def test_tags_say_what_it_is(classifier):
    tags = get_tags(classifier())
    assert is_classifier(classifier())
    assert tags.estimator_type == "classifier"
    assert tags.target_tags.required
    assert tags.input_tags.three_d_array
    assert tags.classifier_tags.multi_class
    assert not tags.classifier_tags.multi_label
