"""
A published table as a grid search
==================================

R. Atienza, "Advanced Deep Learning with Keras" (Packt, 2018), compares in Table 1.5.1 optimizers and widths of a
SimpleRNN that reads MNIST images row by row. With an estimator this is one ``GridSearchCV``, here over a stratified
subset of the images, so that it takes about two minutes.

    python grid_search_published_table.py [--images 1000] [--epochs 10]

MNIST is read from the data home if it is there (see ``skrnn.datasets.fetch_mnist``); the digits bundled with
scikit-learn replace it otherwise. The published networks saw 60,000 images 20 times, in batches of 128. From a
subset all learn less, and the order of the optimizers is another: SGD without momentum needs the most updates, and
RMSprop at its default learning rate takes first steps that are too large for 512 units.
"""

import argparse

from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from skrnn import SimpleRNNClassifier
from skrnn.datasets import fetch_mnist, load_digits
from skrnn.preprocessing import ImageToSequence

parser = argparse.ArgumentParser(description="Table 1.5.1 of Atienza (2018) on a subset of MNIST.")
parser.add_argument("--images", type=int, default=1000, help="size of the stratified subset")
parser.add_argument("--epochs", type=int, default=10)
settings = parser.parse_args()

# %%
# The images
# ----------

try:
    X, y = fetch_mnist(return_X_y=True, download_if_missing=False)
except OSError:
    X, y = load_digits(return_X_y=True)
    print("MNIST is not in the data home: the bundled digits (8x8 pixels) replace it.")
if settings.images < len(y):
    X, _, y, _ = train_test_split(X, y, train_size=settings.images, stratify=y, random_state=0)

# %%
# The search
# ----------
# Batches of 32 instead of the published 128: with few images, smaller batches make up for some of the missing updates.

network = SimpleRNNClassifier(dropout=0.2, epochs=settings.epochs, batch_size=32, random_state=0)
search = GridSearchCV(
    make_pipeline(ImageToSequence(), network),
    {
        "simplernnclassifier__optimizer": ["sgd", "rmsprop", "adam"],
        "simplernnclassifier__units": [256, 512],
    },
    cv=2,
    refit=False,
)
search.fit(X, y)

# %%
# The table
# ---------
# For 512 units the book gives a figure for SGD only.

published = {("sgd", 256): 0.980, ("rmsprop", 256): 0.976, ("adam", 256): 0.974, ("sgd", 512): 0.983}
print(
    f"\nSimpleRNN on {len(y)} images of {X.shape[1]}x{X.shape[2]} pixels, {settings.epochs} epochs, {search.cv} folds\n"
)
print("optimizer  units  here (mean of folds)  published (MNIST test)")
results = search.cv_results_
for optimizer, units, score in zip(
    results["param_simplernnclassifier__optimizer"],
    results["param_simplernnclassifier__units"],
    results["mean_test_score"],
    strict=True,
):
    figure = published.get((optimizer, units))
    print(f"{optimizer:9}  {units:5}  {score:20.3f}  {'-' if figure is None else format(figure, '.3f'):>22}")
