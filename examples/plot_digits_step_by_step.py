"""
Digits, read row by row
=======================

An LSTM reads images of digits as sequences of their rows, from the top. The upper plots show how it learns;
the lower ones what it believes about single images after each row: how early is it sure?

    python plot_digits_step_by_step.py [--epochs 30] [--save FILE]

The figure is shown, or written to FILE.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skrnn import LSTMClassifier
from skrnn.datasets import load_digits
from skrnn.plotting import HistoryDisplay
from skrnn.preprocessing import ImageToSequence

parser = argparse.ArgumentParser(description="An LSTM reads handwritten digits row by row.")
parser.add_argument("--epochs", type=int, default=30)
parser.add_argument("--save", metavar="FILE", help="write the figure there instead of showing it")
settings = parser.parse_args()

# %%
# A network that reads rows
# -------------------------
# ``validation_fraction`` holds out a stratified tenth of the training images, for the validation curves.

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
lstm = LSTMClassifier(units=32, epochs=settings.epochs, learning_rate=0.01, validation_fraction=0.1, random_state=0)
pipeline = make_pipeline(ImageToSequence(scan="rows"), lstm).fit(X_train, y_train)
print(f"Test accuracy after {settings.epochs} epochs: {pipeline.score(X_test, y_test):.3f}")

figure, axes = plt.subplot_mosaic(
    [["loss", "loss", "accuracy", "accuracy"], list("abcd"), list("efgh")],
    height_ratios=[1.6, 1, 1.2],
    figsize=(11, 8.5),
    layout="constrained",
)
HistoryDisplay.from_estimator(pipeline, ax=[axes["loss"], axes["accuracy"]])

# %%
# Sure after how many rows?
# -------------------------
# ``staged_predict_proba`` yields the probabilities of the classes after each step. A method of the pipeline's last
# step, which reads what the steps before it make of the images.

sequences = pipeline[:-1].transform(X_test)
stages = np.stack(list(pipeline[-1].staged_predict_proba(sequences)), axis=1)  # images, rows, classes
accuracies = (stages.argmax(axis=2) == y_test[:, np.newaxis]).mean(axis=0)
for row, accuracy in enumerate(accuracies, start=1):
    print(f"after row {row}: accuracy {accuracy:.3f}")

# From a row on, the class that it believes in at the end has a probability of more than 0.9, and keeps it.
final = np.take_along_axis(stages, stages[:, -1:].argmax(axis=2, keepdims=True), axis=2)[:, :, 0]
sure = np.logical_and.accumulate(final[:, ::-1] > 0.9, axis=1)[:, ::-1]
rows_read = (len(accuracies) + 1 - sure.sum(axis=1)[sure[:, -1]]).mean()
print(f"\nsure of {sure[:, -1].mean():.0%} of the images, on average after {rows_read:.1f} of {len(accuracies)} rows")

for number, (above, below) in enumerate(zip("abcd", "efgh", strict=True)):
    axes[above].imshow(X_test[number], cmap="gray_r")
    axes[above].set_title(f"a {y_test[number]}, read as {stages[number, -1].argmax()}")
    axes[above].set_axis_off()
    beliefs = axes[below].imshow(stages[number].T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes[below].set(xlabel="rows read", xticks=range(8), xticklabels=range(1, 9), yticks=range(10))
axes["e"].set_ylabel("digit")
figure.colorbar(beliefs, ax=axes["h"], label="probability")

if settings.save:
    figure.savefig(settings.save, dpi=120)
else:
    plt.show()
