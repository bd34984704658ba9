"""
From a text to its label
========================

A GRU learns to tell positive film reviews from negative ones, and then reads whatever you type:

    python reviews_from_text_to_label.py "I found the plot boring." "The plot was boring, but the ending felt fresh."

The reviews are generated such that word order decides: "not" turns the next word round, and of two opinions the later
one counts. A model that counts words, which is fitted for comparison, stays little better than a coin.
"""

import argparse

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skrnn import GRUClassifier
from skrnn.datasets import make_reviews
from skrnn.preprocessing import TextToSequence

parser = argparse.ArgumentParser(description="Positive or negative?")
parser.add_argument(
    "texts",
    nargs="*",
    default=["The plot was not boring.", "I found the cast brilliant, but the ending struck me as dull."],
    help="what to classify",
)
parser.add_argument("--reviews", type=int, default=2000, help="how many to learn from and to test on")
parser.add_argument("--epochs", type=int, default=8)
settings = parser.parse_args()

texts, y = make_reviews(settings.reviews, random_state=0)
texts_train, texts_test, y_train, y_test = train_test_split(texts, y, stratify=y, random_state=0)

# %%
# Words in their order
# --------------------
# The text becomes a sequence of word ids, padded in front to 40 steps; the network gives each id a vector of 16 values,
# and masks the padding.

network = GRUClassifier(units=32, embedding_dim=16, epochs=settings.epochs, learning_rate=0.01, random_state=0)
reader = make_pipeline(TextToSequence(max_length=40), network).fit(texts_train, y_train)
print(f"GRU, reads words in order:          accuracy {reader.score(texts_test, y_test):.3f}")

# %%
# Words without order
# -------------------

counter = make_pipeline(CountVectorizer(), LogisticRegression(max_iter=1000)).fit(texts_train, y_train)
print(f"logistic regression, counts words:  accuracy {counter.score(texts_test, y_test):.3f}\n")

# %%
# Your texts
# ----------
# A word that no training review has gets the id for unknown words.

vocabulary = reader[0].vocabulary_
for text, (_, positive) in zip(settings.texts, reader.predict_proba(settings.texts), strict=True):
    print(f"{'positive' if positive > 0.5 else 'negative'} ({max(positive, 1 - positive):.0%} sure): {text}")
    unknown = [word for word in CountVectorizer().build_analyzer()(text) if word not in vocabulary]
    if unknown:
        print(f"    never read before: {', '.join(unknown)}")

# %%
# How its mind changes
# --------------------
# ``staged_predict_proba`` tells what the network believes after each step. The padding in front is masked and changes
# nothing.

ids = reader[0].transform(settings.texts[-1:])
words = reader[0].inverse_transform(ids)[0].split()
stages = [probabilities[0, 1] for probabilities in reader[-1].staged_predict_proba(ids)]
print("\nProbability that the last text is positive, after each word:")
for word, positive in zip(words, stages[-len(words) :], strict=True):
    print(f"{word:>12}  {positive:.2f}  {'#' * round(40 * positive)}")
