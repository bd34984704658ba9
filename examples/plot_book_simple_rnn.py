"""
The SimpleRNN of a textbook, and its variations
===============================================

R. Atienza, "Advanced Deep Learning with Keras" (Packt, 2018), Listing 1.5.1, reads MNIST images row by row with a
SimpleRNN of 256 units. The book mentions what else could be tried: an LSTM or a GRU in its place, reading both ways,
stacked layers, columns of pixels instead of rows. Here all of them learn from a subset of the images.

    python plot_book_simple_rnn.py [--images 2000] [--epochs 8] [--save PREFIX]

MNIST is read from the data home if it is there (see ``skrnn.datasets.fetch_mnist``); the digits bundled with
scikit-learn replace it otherwise. The figures are shown, or written to PREFIX-curves.png and PREFIX-network.png.
"""

import argparse
import tempfile

import keras
import matplotlib.pyplot as plt
from sklearn.model_selection import train_test_split

import skrnn
from skrnn.datasets import fetch_mnist, load_digits
from skrnn.plotting import HistoryDisplay
from skrnn.recipes import load_recipe

parser = argparse.ArgumentParser(description="A SimpleRNN of 256 units and what else could be tried.")
parser.add_argument("--images", type=int, default=2000, help="size of the stratified subset to train on")
parser.add_argument("--epochs", type=int, default=8)
parser.add_argument("--save", metavar="PREFIX", help="write the figures there instead of showing them")
settings = parser.parse_args()

skrnn.configure_threads()  # the fastest setting of TensorFlow for recurrent networks; it must come before all training

# %%
# The images
# ----------

try:
    X, y = fetch_mnist(return_X_y=True, download_if_missing=False)
    X_test, y_test = fetch_mnist(subset="test", return_X_y=True, download_if_missing=False)
except OSError:
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    print("MNIST is not in the data home: the bundled digits (8x8 pixels) replace it.")
if settings.images < len(y):
    X, _, y, _ = train_test_split(X, y, train_size=settings.images, stratify=y, random_state=0)
print(f"{len(y)} images to train on, {len(y_test)} for the test; {settings.epochs} epochs.")

# %%
# The network of the book
# -----------------------
# SGD without momentum needs many updates: the book makes 9,380 of them, from 60,000 images in batches of 128. With few
# images, batches of 8 make up for some of the missing ones.


def train(name):
    pipeline = load_recipe(name).pipeline(random_state=0)
    pipeline[-1].set_params(epochs=settings.epochs, batch_size=8)
    return pipeline.fit(X, y)


pipelines = {"SimpleRNN": train("mnist-simplernn256-sgd")}
model = pipelines["SimpleRNN"][-1].model_
model.summary()

# %%
# Its diagram
# -----------
# ``model_`` is an ordinary Keras model, so Keras draws it. That takes pydot and Graphviz.

with tempfile.TemporaryDirectory() as folder:
    file = f"{settings.save}-network.png" if settings.save else f"{folder}/network.png"
    try:
        keras.utils.plot_model(model, to_file=file, show_shapes=True, show_layer_names=True, dpi=90)
    except ImportError:
        print("\nNo diagram: it takes pydot (pip install pydot) and Graphviz (https://graphviz.org/download).")
    else:
        if not settings.save:
            diagram, canvas = plt.subplots(figsize=(4, 6), layout="constrained")
            canvas.imshow(plt.imread(file))
            canvas.set_axis_off()

# %%
# The variations
# --------------
# Gates take weights: an LSTM has four times as many as the SimpleRNN of the same width, a GRU three times. By SGD they
# start slowly, and after few epochs they may score below the simpler network, which they would overtake later.

pipelines |= {
    "SimpleRNN, columns": train("mnist-simplernn256-columns"),
    "SimpleRNN, two layers": train("mnist-simplernn256x2-sgd"),
    "GRU": train("mnist-gru256-sgd"),
    "LSTM": train("mnist-lstm256-sgd"),
    "LSTM, both ways": train("mnist-bilstm128-sgd"),
}
print("\nnetwork                parameters  train accuracy  test accuracy")
for name, pipeline in pipelines.items():
    size, of_train, of_test = pipeline[-1].n_parameters_, pipeline.score(X, y), pipeline.score(X_test, y_test)
    print(f"{name:21}  {size:10,}  {of_train:14.4f}  {of_test:13.4f}")

histories = {name: pipeline[-1].history_ for name, pipeline in pipelines.items()}
figure, axes = plt.subplots(1, 2, figsize=(13, 4.8), layout="constrained")
HistoryDisplay.from_histories(histories, ax=axes)
axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5))

if settings.save:
    figure.savefig(f"{settings.save}-curves.png", dpi=120)
else:
    plt.show()
