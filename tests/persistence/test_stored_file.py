"""The file of format 1 is loaded by this version, with the predictions that it had."""

import warnings

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning

import skrnn
from skrnn.persistence import read_remarks
from tests.persistence.stored import STORED


def test_a_file_of_format_1_is_loaded_with_its_predictions():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)  # the file stays, scikit-learn does not
        models, expected = skrnn.load(STORED), read_remarks(STORED)
    assert [*models] == [*expected] == ["classifier", "bidirectional", "pipeline", "texts", "search"]
    for name, (X, probabilities) in expected.items():
        found = models[name].predict_proba(X)[: len(probabilities)]
        np.testing.assert_allclose(found, probabilities, rtol=1e-5, atol=1e-7, err_msg=name)
    assert models["pipeline"].classes_.tolist() == ["no", "yes"]
    assert models["search"].best_params_ == {"units": models["search"].best_estimator_.units}
    assert STORED.stat().st_size < 100_000
