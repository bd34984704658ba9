"""
Three networks for MNIST
========================

The tutorial "The Best RNN for Image Classification: RNN, LSTM, or GRU?" (PythonAlgos) trains a SimpleRNN, an LSTM and a
GRU of 64 units, each with batch normalisation behind it, on images that are read row by row. Here are the digits step
by step: what the networks read, how they learn, whether the tenth epoch is the best, and ten images they never saw.

    python plot_mnist_three_networks.py [--images 60000] [--epochs 10] [--save PREFIX]

MNIST is read from the data home if it is there (see ``skrnn.datasets.fetch_mnist``); the digits bundled with
scikit-learn replace it otherwise. The figures are shown, or written to PREFIX-curves.png and PREFIX-images.png.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

import skrnn
from skrnn.datasets import fetch_mnist, load_digits
from skrnn.plotting import HistoryDisplay
from skrnn.recipes import load_recipe

parser = argparse.ArgumentParser(description="SimpleRNN, LSTM and GRU read MNIST row by row.")
parser.add_argument("--images", type=int, default=60_000, help="how many of the training images to use")
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--save", metavar="PREFIX", help="write the figures there instead of showing them")
settings = parser.parse_args()

skrnn.configure_threads()  # the fastest setting of TensorFlow for recurrent networks; it must come before all training

# %%
# The images
# ----------
# A tenth of the training images is held out for validation: the learning curves and the choice of the best epoch look
# at these. The test images are for the very end.

try:
    X, y = fetch_mnist(return_X_y=True, download_if_missing=False)
    X_test, y_test = fetch_mnist(subset="test", return_X_y=True, download_if_missing=False)
    batch_size = 64  # as published
except OSError:
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    batch_size = 4  # few images: small batches make up for some of the missing updates
    print("MNIST is not in the data home: the bundled digits (8x8 pixels) replace it, in batches of 4.")
if settings.images < len(y):
    X, _, y, _ = train_test_split(X, y, train_size=settings.images, stratify=y, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.1, stratify=y, random_state=0)
print(f"Images: {len(y_train)} to train on, {len(y_val)} for validation, {len(y_test)} for the test.")

# %%
# Images as sequences, and three networks that read them
# ------------------------------------------------------
# Each published system is a pipeline of two steps. The first makes sequences of images. The second is the network; its
# ``fit`` takes the validation data, which have to pass the first step as well.

pipelines = {
    "SimpleRNN": load_recipe("mnist-simplernn64-bn").pipeline(random_state=0),
    "LSTM": load_recipe("mnist-lstm64-bn").pipeline(random_state=0),
    "GRU": load_recipe("mnist-gru64-bn").pipeline(random_state=0),
}
for name, pipeline in pipelines.items():
    to_sequences, network = pipeline[0], pipeline[-1]
    sequences = to_sequences.fit_transform(X_train)
    if name == "SimpleRNN":
        print(f"Before ImageToSequence: {X_train.shape}, {X_train.dtype}, from {X_train.min()} to {X_train.max()}")
        print(f"After: {sequences.shape}, {sequences.dtype}, from {sequences.min():.0f} to {sequences.max():.0f}:")
        print(f"{sequences.shape[1]} steps, the rows of the image from the top, of {sequences.shape[2]} pixels each.")
    network.set_params(epochs=settings.epochs, batch_size=batch_size)
    network.fit(sequences, y_train, X_val=to_sequences.transform(X_val), y_val=y_val)
    print(f"\n{name}, trained for {network.n_iter_} epochs:")
    network.model_.summary()  # its total includes the numbers that the optimizer keeps

# %%
# Learning curves
# ---------------
# All three networks in one figure: solid while training, dashed on the images held out for validation. The dashed ones
# jump. In training, batch normalisation goes by the mean of each batch; in prediction by a moving average, which lags
# behind where the last batches of an epoch have moved the network. The very last batch, of the images that are left
# over, can do so more than others.

histories = {name: pipeline[-1].history_ for name, pipeline in pipelines.items()}
figure, axes = plt.subplots(1, 2, figsize=(12, 4.8), layout="constrained")
HistoryDisplay.from_histories(histories, ax=axes)

# %%
# Is the tenth epoch the best?
# ----------------------------
# For one run of each network. Where curves jump, which epoch comes out best is largely chance, and so are some tenths
# of a point of the test accuracy.

print("\n           parameters   validation accuracy in             test      published")
print("                        best epoch      last epoch     accuracy     (MNIST)")
for name, pipeline in pipelines.items():
    accuracies = pipeline[-1].history_["val_accuracy"]
    best = int(np.argmax(accuracies))
    published = load_recipe(f"mnist-{name.lower()}64-bn").published.test_accuracy
    size, score = pipeline[-1].n_parameters_, pipeline.score(X_test, y_test)
    print(
        f"{name:9}  {size:10,}   {accuracies[best]:.4f} (epoch {best + 1:2})   {accuracies[-1]:.4f}"
        f"  {score:14.4f}   about {published:.2f}"
    )

# %%
# Ten images, one by one
# ----------------------
# A single image is a list of one. Below each image are the answers of the networks; wrong ones are red.

print("\nThe first ten test images, one by one:")
print(f"digits     {' '.join(map(str, y_test[:10]))}")
row, images = plt.subplots(1, 10, figsize=(12, 2.4))
row.subplots_adjust(left=0.1, right=0.99, top=0.88, bottom=0.3, wspace=0.15)
for number, ax in enumerate(images):
    ax.imshow(X_test[number], cmap="gray_r")
    ax.set_title(f"a {y_test[number]}")
    ax.set_axis_off()
for line, (name, pipeline) in enumerate(pipelines.items()):
    answers = [pipeline.predict([image])[0] for image in X_test[:10]]
    print(f"{name:9}  {' '.join(map(str, answers))}  ({np.sum(answers == y_test[:10])} right)")
    height = -0.2 - 0.27 * line  # of the text, in heights of an image
    images[0].text(-0.25, height, name, ha="right", va="center", transform=images[0].transAxes)
    for ax, answer, digit in zip(images, answers, y_test, strict=False):
        right = answer == digit
        ax.text(
            *(0.5, height, answer),
            color="black" if right else "red",
            weight="normal" if right else "bold",
            ha="center",
            va="center",
            transform=ax.transAxes,
        )
if settings.save:
    figure.savefig(f"{settings.save}-curves.png", dpi=120)
    row.savefig(f"{settings.save}-images.png", dpi=120)
else:
    plt.show()
