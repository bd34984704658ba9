"""The verdicts of a comparison in a few plain sentences, which say no more than the numbers do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from skrnn.model_selection.verdicts import PairVerdict

_MOST_SAMPLES = 1e9  # more are no advice: the difference is 0, or at the edge of the region
_NEEDED = "every pair needs at least two splits on which both were scored"
_SHARES = {"accuracy", "balanced_accuracy"}  # their hundredths are called points


@dataclass(frozen=True)
class Findings:
    """What the sentences are made of.

    Attributes
    ----------
    pairs : sequence of PairVerdict
    scoring : str
        The deciding metric.
    rope : float
        Half the width of the region of practical equivalence.
    means : mapping of str to float
        The mean score of each architecture; NaN if it has none.
    baselines : sequence of str
        Which of them are baselines.
    n_samples : int
        The size of the data.
    fixed_test : bool
        Whether there is one test set, and no cross-validation.
    """

    pairs: Sequence[PairVerdict]
    scoring: str
    rope: float
    means: Mapping[str, float]
    baselines: Sequence[str]
    n_samples: int
    fixed_test: bool


def conclude(findings: Findings) -> list[str]:
    """Return the conclusion: the ranking, a sentence for each pair of networks, the best baseline, and advice."""
    known = [pair for pair in findings.pairs if not isnan(pair.mean)]
    networks = [pair for pair in known if not pair.with_baseline]
    if not findings.pairs:
        return ["There is only one architecture, so there is nothing to compare it with."]
    if not known:
        needed = "both must have scores and saved predictions" if findings.fixed_test else _NEEDED
        return [f"There are too few scores to compare: {needed}."]
    sentences = [*_ranking(networks), *(_sentence(pair, findings) for pair in networks)]
    left_out = _left_out(known, findings)
    return [
        *sentences,
        *_on_baselines(known, findings),
        *left_out,
        _meaning(known, findings),
        *_advice(networks, findings),
    ]


def _left_out(known: Sequence[PairVerdict], findings: Findings) -> list[str]:
    """Return a sentence on the networks that no sentence mentions."""
    mentioned = {name for pair in known for name in (pair.a, pair.b)}
    missing = [name for name in findings.means if not ({name} & {*mentioned, *findings.baselines})]
    return [f"There are too few scores to compare {_listed(missing)} with the others."] if missing else []


def _meaning(known: Sequence[PairVerdict], findings: Findings) -> str:
    """Return what the verdicts mean, and how often they are wrong."""
    families = [[pair for pair in known if pair.with_baseline is kind] for kind in (False, True)]
    words = _Words(findings)
    needed = [f"{1 - max(pair.level for pair in pairs) / 2:.3f}" for pairs in families if pairs]
    unit = f"point{'' if words.rope == '1' else 's'} of {words.name}" if words.is_share else f"in {words.name}"
    meaning = f"by more than {words.rope} {unit}; a smaller difference counts as equivalent"
    if not findings.rope:
        meaning = f"by any difference in {words.name}"
    text = f"Better means {meaning}. One is called better from a probability of {needed[0]}"
    if len(needed) == 1:
        return f"{text}, so that at most 5 % of comparisons err."
    return f"{text}, or of {needed[1]} than a baseline, so that at most 5 % of comparisons err in either."


def _ranking(pairs: Sequence[PairVerdict]) -> list[str]:
    """Return a sentence on which networks are best, if there are several and each pair has scores."""
    names = list(dict.fromkeys(name for pair in pairs for name in (pair.a, pair.b)))
    if len(names) < 3 or len(pairs) < len(names) * (len(names) - 1) / 2:
        return []
    beaten = {loser(pair) for pair in pairs} - {None}
    best = [name for name in names if name not in beaten]
    if len(best) == 1:
        return [f"{best[0]} is the best of the {len(names)}."] if _beats_all(best[0], pairs, names) else []
    among = [pair for pair in pairs if pair.a in best and pair.b in best]
    if not among:
        return []  # a cycle, which failed fits may lead to
    if all(pair.verdict == "equivalent" for pair in among):
        others = [pair for pair in pairs if (pair.a in best) != (pair.b in best)]
        above = others and all(winner(pair) in best for pair in others)
        return [f"{_listed(best)} are practically equivalent{', and better than the others' if above else ''}."]
    candidates = f": {_listed(best, last=' or ')}" if beaten else ""
    return [f"The data cannot tell which is best{candidates}."]


def _beats_all(name: str, pairs: Sequence[PairVerdict], names: Sequence[str]) -> bool:
    return sum(winner(pair) == name for pair in pairs) == len(names) - 1


def winner(pair: PairVerdict) -> str | None:
    """Return the better one, or None."""
    return {"better": pair.a, "worse": pair.b}.get(pair.verdict)


def loser(pair: PairVerdict) -> str | None:
    """Return the worse one, or None."""
    return {"better": pair.b, "worse": pair.a}.get(pair.verdict)


def _sentence(pair: PairVerdict, findings: Findings) -> str:
    """Return what is known about a pair; the one with the higher mean comes first."""
    first, second, sign = (pair.a, pair.b, 1) if pair.mean >= 0 else (pair.b, pair.a, -1)
    low, high = sorted((sign * pair.low, sign * pair.high))
    p_first, p_second = (pair.p_better, pair.p_worse)[::sign]
    words = _Words(findings)
    interval = f"95 % interval {words.number(low)} to {words.number(high)}"
    difference = words.amount(abs(pair.mean))
    if winner(pair) == first:
        return f"{first} is better than {second} by {difference} ({interval}; probability {_p(p_first)})."
    if pair.verdict == "equivalent":
        certainty = f"{interval}; probability {_p(pair.p_equivalent)}"
        return f"{first} and {second} are practically equivalent: {difference} apart ({certainty})."
    certainty = f"{first} better {_p(p_first)}, equivalent {_p(pair.p_equivalent)}, {second} better {_p(p_second)}"
    gap = (
        f"{first} is {difference} ahead"
        if words.number(pair.mean) != words.number(0.0)
        else f"they are {difference} apart"
    )
    ahead = f"{gap} ({interval}; probabilities: {certainty})"
    return f"The data cannot tell whether {pair.a} or {pair.b} is better: {ahead}."


def _on_baselines(pairs: Sequence[PairVerdict], findings: Findings) -> list[str]:
    """Return how the best network and the best baseline compare."""
    networks = [name for name in findings.means if name not in findings.baselines and not isnan(findings.means[name])]
    baselines = [name for name in findings.baselines if not isnan(findings.means[name])]
    if not networks or not baselines:
        return []
    network, baseline = (max(names, key=lambda name: findings.means[name]) for names in (networks, baselines))
    pair = next((pair for pair in pairs if {pair.a, pair.b} == {network, baseline}), None)
    if pair is None:
        return []
    sentence = f"The best baseline is {baseline}. {_sentence(pair, findings)}"
    if winner(pair) == baseline or pair.verdict == "equivalent":
        return [f"{sentence} So no architecture is better than the best baseline."]
    return [sentence]


def _advice(pairs: Sequence[PairVerdict], findings: Findings) -> list[str]:
    """Return what would decide the pairs that are not decided."""
    sentences = []
    more = [pair for pair in pairs if pair.verdict == "undecided"]
    if more and not findings.fixed_test:
        sentences.append(f"More repeats may decide {_named(more)}.")
    if more and findings.fixed_test:
        sentences.append(f"Only a larger test set, or more seeds, can decide {_named(more)}.")
    for pair in (pair for pair in pairs if pair.verdict == "undecidable"):
        size = pair.n_samples_needed
        enough = (
            f"about {_rounded(size):,} samples would" if size < _MOST_SAMPLES else "no number of samples is likely to"
        )
        sentences.append(
            f"More repeats would hardly decide {_named([pair])}: the {findings.n_samples:,} samples are too few. "
            f"If the difference stays the same, {enough}."
        )
    return sentences


def _named(pairs: Sequence[PairVerdict]) -> str:
    return "; ".join(f"{pair.a} or {pair.b}" for pair in pairs)


def _listed(names: Sequence[str], last: str = " and ") -> str:
    return last.join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _rounded(size: float) -> int:
    """Return two significant digits: the estimate has no more."""
    return int(float(f"{size:.1e}"))


def _p(probability: float) -> str:
    """Return a probability with two digits, and never as certain as 0 or 1."""
    if probability > 0.995:
        return ">0.99"
    return "<0.01" if probability < 0.005 else f"{probability:.2f}"


class _Words:
    """Differences of a score, in points where the score is a share."""

    def __init__(self, findings: Findings):
        self.name = findings.scoring.replace("_", " ")
        self.is_share = findings.scoring in _SHARES
        self.rope = f"{100 * findings.rope:.3g}" if self.is_share else f"{findings.rope:.3g}"

    def number(self, difference: float) -> str:
        text = f"{100 * difference:.1f}" if self.is_share else f"{difference:.3g}"
        return "0.0" if text == "-0.0" else text

    def amount(self, difference: float) -> str:
        return f"{self.number(difference)}{' points' if self.is_share else ''}"
