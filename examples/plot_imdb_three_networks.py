"""
Three networks for film reviews
===============================

The tutorial "Deep Learning Sequential Model: Comparing RNN, GRU, and LSTM with Example Code" trains a SimpleRNN, a GRU
and an LSTM of 32 units on the IMDB reviews, and draws loss and accuracy in training and validation. Here are the same
two figures, and then the sentiment of whatever you type:

    python plot_imdb_three_networks.py "A film to remember." "I wanted my money back."
    python plot_imdb_three_networks.py --ask

IMDB is read from the data home if it is there (see ``skrnn.datasets.fetch_imdb``); generated reviews replace it
otherwise. The figures are shown, or written to PREFIX-loss.png and PREFIX-accuracy.png with ``--save PREFIX``.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

import skrnn
from skrnn.datasets import fetch_imdb, make_reviews
from skrnn.plotting import HistoryDisplay
from skrnn.recipes import load_recipe

parser = argparse.ArgumentParser(description="SimpleRNN, GRU and LSTM read film reviews.")
parser.add_argument(
    "texts",
    nargs="*",
    default=["One of the best films I have seen in years.", "A waste of time, and a boring one."],
    help="what to classify",
)
parser.add_argument("--ask", action="store_true", help="ask for texts at the end, until an empty line")
parser.add_argument("--reviews", type=int, default=25_000, help="how many of the training reviews to use")
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--save", metavar="PREFIX", help="write the figures there instead of showing them")
settings = parser.parse_args()

skrnn.configure_threads()  # the fastest setting of TensorFlow for recurrent networks; it must come before all training

# %%
# The reviews
# -----------

try:
    X, y = fetch_imdb(return_X_y=True, download_if_missing=False)
    X_test, y_test = fetch_imdb(subset="test", return_X_y=True, download_if_missing=False)
except OSError:
    X, y = make_reviews(4000, random_state=0)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    print("IMDB is not in the data home: generated reviews replace it.")
if settings.reviews < len(y):
    X, _, y, _ = train_test_split(X, y, train_size=settings.reviews, stratify=y, random_state=0)
print(f"{len(y)} reviews to train on, a fifth of them held out for validation; {len(y_test)} for the test.")

# %%
# The networks
# ------------
# As published: the last 100 words of a review, each of the 10,000 most frequent words as a vector of 32 values.

pipelines = {
    "SimpleRNN": load_recipe("imdb-simplernn32").pipeline(random_state=0),
    "GRU": load_recipe("imdb-gru32").pipeline(random_state=0),
    "LSTM": load_recipe("imdb-lstm32").pipeline(random_state=0),
}
print("\n           parameters  lowest validation loss  last validation loss  test accuracy  published (IMDB)")
for name, pipeline in pipelines.items():
    pipeline[-1].set_params(epochs=settings.epochs)
    pipeline.fit(X, y)
    losses = pipeline[-1].history_["val_loss"]
    best = int(np.argmin(losses))
    published = load_recipe(f"imdb-{name.lower()}32").published.test_accuracy
    print(
        f"{name:9}  {pipeline[-1].n_parameters_:10,}  {losses[best]:11.4f} (epoch {best + 1:2})  {losses[-1]:20.4f}"
        f"  {pipeline.score(X_test, y_test):13.4f}  {published:16.4f}"
    )

# %%
# Loss and accuracy
# -----------------
# Solid in training, dashed on the reviews held out. On IMDB the validation loss rises again after a few epochs while
# the training loss falls on: the networks learn their training reviews by heart. ``early_stopping=True`` would keep the
# best epoch.

histories = {name: pipeline[-1].history_ for name, pipeline in pipelines.items()}
for metric in ("loss", "accuracy"):
    of_metric = {
        name: {key: values for key, values in history.items() if key in (metric, f"val_{metric}")}
        for name, history in histories.items()
    }
    figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
    HistoryDisplay.from_histories(of_metric, ax=ax)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    if settings.save:
        figure.savefig(f"{settings.save}-{metric}.png", dpi=120)

# %%
# Your sentences
# --------------
# A text of a few words is padded in front to 100 steps, and as published the networks read the padding like a word.


def classify(text):
    print(f"\n{text}")
    for name, pipeline in pipelines.items():
        positive = pipeline.predict_proba([text])[0, 1]
        print(f"  {name:9}  {'positive' if positive > 0.5 else 'negative'}, {max(positive, 1 - positive):.0%} sure")


for text in settings.texts:
    classify(text)
while settings.ask and (text := input("\nA review, or nothing to end: ").strip()):
    classify(text)
if not settings.save:
    plt.show()
