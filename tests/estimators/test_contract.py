"""scikit-learn's own checks, for all four classifiers as they come."""

from inspect import signature

import pytest
from sklearn.base import is_classifier
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import GRUClassifier, LSTMClassifier, RecurrentClassifier, SimpleRNNClassifier

ALL = [SimpleRNNClassifier, LSTMClassifier, GRUClassifier, RecurrentClassifier]

# Both look at every class that an estimator inherits from, and fail for SciKeras' KerasClassifier itself.
CAUSED_BY_SCIKERAS = {
    "check_estimator_tags_renamed": "SciKeras' BaseWrapper defines _more_tags, which scikit-learn 1.6 has removed",
    "check_mixin_order": "SciKeras' KerasClassifier lists BaseEstimator before ClassifierMixin",
}


@parametrize_with_checks(
    [SimpleRNNClassifier(), LSTMClassifier(), GRUClassifier(), RecurrentClassifier()],
    expected_failed_checks=lambda estimator: CAUSED_BY_SCIKERAS,
    **({"xfail_strict": True} if "xfail_strict" in signature(parametrize_with_checks).parameters else {}),
)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("classifier", ALL)
def test_tags_say_what_it_is(classifier):
    tags = get_tags(classifier())
    assert is_classifier(classifier())
    assert tags.estimator_type == "classifier"
    assert tags.target_tags.required
    assert tags.input_tags.three_d_array
    assert tags.classifier_tags.multi_class
    assert not tags.classifier_tags.multi_label
