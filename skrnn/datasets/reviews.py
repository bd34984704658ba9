"""Generated film reviews whose sentiment depends on word order, as a substitute for IMDB."""

import re
from collections.abc import Sequence
from numbers import Integral
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skrnn._sklearn import Interval, validate_params


def _items(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


# The grammar consists of lists of words and templates of sentences, from which the functions below draw.
_POSITIVE = _items(
    "amazing, beautiful, brilliant, captivating, charming, clever, compelling, convincing, delightful, elegant, "
    "engaging, exciting, fascinating, fresh, funny, gorgeous, gripping, heartfelt, honest, hilarious, inspired, "
    "intelligent, lively, memorable, moving, original, powerful, refreshing, satisfying, splendid, stunning, superb, "
    "thrilling, touching, wise, witty"
)
_NEGATIVE = _items(
    "annoying, awful, bland, boring, clumsy, confusing, contrived, disappointing, dreadful, dull, empty, false, "
    "feeble, flat, forgettable, hollow, horrible, implausible, irritating, lame, lazy, lifeless, messy, mediocre, "
    "pointless, poor, predictable, pretentious, ridiculous, shallow, silly, sloppy, stupid, tedious, terrible, "
    "tiresome"
)
_ASPECTS = _items(
    "acting, action, atmosphere, beginning, camera work, cast, characters, climax, colours, comedy, conclusion, "
    "costumes, dialogue, direction, drama, editing, effects, ending, final scene, first hour, hero, humour, idea, "
    "jokes, last act, lead actor, lead actress, lighting, message, middle part, mood, music, opening, pace, "
    "photography, plot, premise, production, romance, score, screenplay, script, second half, sets, songs, "
    "soundtrack, story, style, subplot, supporting cast, tone, villain, visuals, voices, writing"
)
_NEGATIONS = ("not", "never", "hardly", "by no means", "far from", "in no way")
_INTENSIFIERS = ("very", "really", "particularly", "entirely", "truly", "quite", "especially", "rather")
_OPINIONS = (
    "the {aspect} turned out {phrase}",
    "the {aspect} seemed to be {phrase}",
    "the {aspect} struck me as {phrase}",
    "to me the {aspect} felt {phrase}",
    "I found the {aspect} {phrase}",
    "we thought the {aspect} {phrase}",
)
_VERDICTS = ("in short it was {phrase}", "all in all it felt {phrase}", "I would call it {phrase}")
_CONTRASTS = (
    "{first}, but {second}.",
    "{first}, yet {second}.",
    "Although {first}, {second}.",
    "{first}. However, {second}.",
)
_AGREEMENTS = (
    "{first}, and {second}.",
    "{first}. Also, {second}.",
    "{first}, while {second}.",
    "{first}. Besides, {second}.",
)
_FILLERS = (
    "I saw it {time} with {person}.",
    "I saw this one {time}.",
    "We watched it {place} {time}.",
    "We had not read the book before.",
    "I have never been {place}.",
    "It was shot {place} over {number} weeks.",
    "It runs for about {number} minutes.",
    "It is set {place} in the {period}.",
    "It came out {time}, but we waited for the disc.",
    "The story follows {role} and {role}.",
    "The hero is {role} who meets {role} {place}.",
    "The director made {number} films before.",
    "{person} could not come, yet we all went.",
    "{person} recommended it to {person}.",
    "{person} bought the tickets {time}.",
    "There are {number} songs and {number} chapters.",
    "Part of it takes place {place}.",
    "Most scenes take place in the {period}.",
    "You can rent it or watch it {place}.",
    "This is the {ordinal} part of the series.",
    "It is based on the {ordinal} novel by the author.",
    "Although it was late, we stayed for the credits.",
)
_SLOTS = MappingProxyType(
    {
        "time": _items(
            "yesterday, last night, last week, last summer, last winter, on Monday, on Tuesday, on Wednesday, "
            "on Thursday, on Friday, on Saturday, on Sunday, this morning, in January, in March, in April, in June, "
            "in August, in October, in December, after dinner, after work, during the holidays, at midnight"
        ),
        "place": _items(
            "at home, at the festival, at the theatre, in the garden, on television, on a plane, on a train, "
            "in Norway, in Chile, in Kenya, in Japan, in Canada, in Scotland, in Paris, in Berlin, in Boston, "
            "in Madrid, in Cairo, in the desert, in the mountains, on an island, by the sea, near the border, "
            "in a small town, in a hotel, in the old library, at school"
        ),
        "person": _items(
            "my brother, my sister, my mother, my father, my uncle, my aunt, my cousin, my neighbour, my teacher, "
            "a friend, two friends, a colleague, the children, the family, a student, Anna, Peter, Maria, Tom, Julia, "
            "David"
        ),
        "role": _items(
            "a farmer, a doctor, a lawyer, a soldier, a nurse, a painter, a widow, a detective, a pilot, a teenager, "
            "a sailor, a chess player, a journalist, a singer, a captain, a gardener, a thief, a king, a robot, "
            "a baker, a tailor"
        ),
        "number": _items(
            "three, four, five, six, seven, eight, nine, ten, twelve, twenty, thirty, forty, fifty, sixty, ninety"
        ),
        "period": _items(
            "twenties, thirties, forties, fifties, sixties, seventies, eighties, nineties, future, past, spring, autumn"
        ),
        "ordinal": _items("first, second, third, fourth, fifth, sixth"),
    }
)

_N_WORDS = (5, 40)
_P_NEGATED = 0.25
_P_INTENSIFIED = 0.3
# The forms of the opinions in a review, and their probabilities: a single opinion, an opinion that the next one
# overrules, two opinions that agree, and two adjectives of which the second is negated ("clever, not dull").
_FORMS = ("single", "contrast", "agreement", "correction")
_P_FORMS = (0.3, 0.45, 0.15, 0.1)


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_reviews(
    n_samples: int = 2000, *, random_state: int | np.random.RandomState | None = None
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Generate film reviews in which word order decides whether they are positive or negative.

    The reviews replace :func:`fetch_imdb` and need no download. Each review states one or two opinions among neutral
    sentences. Two rules determine the label:

    - A negation reverses the word after it: "not witty", "never really boring", "clever, not dull".
    - The later of two opinions decides: "Although the opening felt fresh, the ending seemed dull." is negative.

    Neutral sentences also contain "not", "but" and "although". Single words are therefore weak evidence, and the same
    words in another order can have the opposite label. With 2,000 training reviews, the accuracy of a logistic
    regression stays below 0.65 on word counts, and below 0.7 on counts of up to three successive words. An LSTM exceeds
    0.95. The labels have no noise: the two rules classify every review correctly.

    Parameters
    ----------
    n_samples : int, default=2000
        Number of reviews.
    random_state : int, RandomState instance or None, default=None
        Determines the random numbers. Pass an int to get the same reviews on every call.

    Returns
    -------
    texts : ndarray of shape (n_samples,), object
        The reviews, each a str of 5 to 40 words, from a vocabulary of about 370 words.
    y : ndarray of shape (n_samples,), int64
        0 for a negative review, 1 for a positive one. Both classes have the same size, except that there is one more
        negative review if ``n_samples`` is odd.

    Examples
    --------
    >>> from skrnn.datasets import make_reviews
    >>> texts, y = make_reviews(n_samples=100, random_state=0)
    >>> for i in (8, 9, 46):
    ...     print(y[i].item(), texts[i])
    0 We thought the atmosphere far from truly bland, yet the characters seemed to be entirely lifeless.
    1 The lighting turned out hardly intelligent, yet the idea turned out heartfelt.
    1 All in all it felt heartfelt, not predictable.
    """
    rng = check_random_state(random_state)
    y = np.arange(n_samples, dtype=np.int64) % 2
    rng.shuffle(y)
    texts = np.empty(n_samples, dtype=object)
    texts[:] = [_review(bool(label), rng) for label in y]
    return texts, y


def _review(positive: bool, rng: np.random.RandomState) -> str:
    """Return a review with the given sentiment: opinions, with neutral sentences before, between and after them."""
    sentences = _opinions(positive, rng)
    n_words = sum(len(sentence.split()) for sentence in sentences)
    wanted = rng.randint(_N_WORDS[0], _N_WORDS[1] + 1)
    while True:
        filler = _neutral(rng)
        n_words += len(filler.split())
        if n_words > wanted:
            return " ".join(sentences)
        sentences.insert(rng.randint(len(sentences) + 1), filler)


def _opinions(positive: bool, rng: np.random.RandomState) -> list[str]:
    """Return the sentences that determine the label of a review."""
    form = rng.choice(_FORMS, p=_P_FORMS)
    if form == "single":
        joined = _opinion(positive, rng) + "."
    elif form == "correction":
        said, denied = (_POSITIVE, _NEGATIVE) if positive else (_NEGATIVE, _POSITIVE)
        joined = _one_of(_VERDICTS, rng).format(phrase=f"{_one_of(said, rng)}, not {_one_of(denied, rng)}.")
    else:
        overruled = form == "contrast"
        joined = _one_of(_CONTRASTS if overruled else _AGREEMENTS, rng).format(
            first=_opinion(positive != overruled, rng), second=_opinion(positive, rng)
        )
    return [_capitalized(sentence) + "." for sentence in joined.removesuffix(".").split(". ")]


def _opinion(positive: bool, rng: np.random.RandomState) -> str:
    """Return a clause with the given sentiment: a word that expresses it, or the negation of an opposite word."""
    negated = rng.uniform() < _P_NEGATED
    words = [_one_of(_POSITIVE if positive != negated else _NEGATIVE, rng)]
    if rng.uniform() < _P_INTENSIFIED:
        words.insert(0, _one_of(_INTENSIFIERS, rng))
    if negated:
        words.insert(0, _one_of(_NEGATIONS, rng))
    return _one_of(_OPINIONS, rng).format(aspect=_one_of(_ASPECTS, rng), phrase=" ".join(words))


def _neutral(rng: np.random.RandomState) -> str:
    """Return a sentence that says nothing about the film's quality."""
    sentence = re.sub(r"{(\w+)}", lambda slot: _one_of(_SLOTS[slot[1]], rng), _one_of(_FILLERS, rng))
    return _capitalized(sentence)


def _one_of(options: Sequence[str], rng: np.random.RandomState) -> str:
    return options[rng.randint(len(options))]


def _capitalized(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
