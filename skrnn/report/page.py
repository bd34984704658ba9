"""The report as a page, and the summary as a fragment of one."""

from collections.abc import Iterator, Mapping
from functools import cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skrnn.plotting.style import in_words
from skrnn.report import method, tables
from skrnn.report.numbers import NONE, interval, listed, number, score_decimals

if TYPE_CHECKING:
    from jinja2 import Template

_MOST_NAMED = 5  # classifiers in the title
_MOST_SENTENCES = 10  # of the conclusion; the others are folded up


def write_report(
    comparison: Any, path: str | PathLike[str], *, X: Any = None, settings: Mapping[str, Any] | None = None
) -> Path:
    """Write a report of a comparison: one page with conclusion, tables, pictures and method.

    The page needs no network and no other files. It follows the light or dark scheme of the browser, and fits phones.

    Parameters
    ----------
    comparison : ArchitectureComparison
        What :func:`~skrnn.model_selection.compare_architectures` returns.
    path : str or path-like
        The file. An existing one is replaced.
    X : array-like of shape (n_samples, ...), or sequence of str, default=None
        The samples that were compared on, or the test set if there was one. If given, the report shows the samples that
        are hardest to classify.
    settings : mapping, default=None
        What the report should list besides the results. "dataset" is in the title; "command", "versions" (a mapping)
        and "seed" or "random_state" are listed under how to repeat the comparison, and so is everything else.

    Returns
    -------
    path : pathlib.Path
        The file.

    Raises
    ------
    FileNotFoundError
        If the folder of the file does not exist.
    ValueError
        If X does not have as many samples as the comparison.

    See Also
    --------
    skrnn.model_selection.ArchitectureComparison.to_html : The same as a method.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {path.parent} does not exist. Create it before the report is written.")
    page = render(comparison, X=X, settings=settings or {})
    path.write_text(page, encoding="utf-8")
    return path


def render(comparison: Any, *, X: Any, settings: Mapping[str, Any]) -> str:
    """Return the page."""
    from skrnn.report.pictures import PAPER, pictures  # only a page needs pictures

    first, *others = comparison.conclusion().splitlines()
    classes = tables.classes(comparison)
    return _template("template.html").render(
        title=_title(comparison, settings),
        lead=first,
        conclusion=others,
        most=_MOST_SENTENCES,
        facts=method.facts(comparison),
        problems=method.problems(comparison),
        summary=tables.summary(comparison),
        costs=tables.costs(comparison),
        metrics=tables.metrics(comparison),
        pairs=tables.pairwise(comparison),
        splits=tables.splits(comparison),
        classes=classes,
        data=method.data(comparison, X),
        dataset=settings.get("dataset"),
        method=method.method(comparison, settings),
        scoring=in_words(comparison.scoring),
        pictures=pictures(comparison, X),
        command=settings.get("command"),
        settings=dict(_flat({name: value for name, value in settings.items() if name not in ("command", "versions")})),
        versions=dict(_flat(settings.get("versions") or {})),
        paper=PAPER,
    )


def as_fragment(comparison: Any) -> str:
    """Return a table of the mean scores, best first, and the conclusion, as HTML for notebooks.

    Parameters
    ----------
    comparison : ArchitectureComparison
        What :func:`~skrnn.model_selection.compare_architectures` returns.

    Returns
    -------
    html : str
    """
    table = comparison.summary().sort_values("rank", kind="stable")
    places = score_decimals(comparison.scores.ravel())
    rows = [
        (
            name,
            name in comparison.baselines,
            number(row["mean"], places),
            interval(row["low"], row["high"], places),
            NONE if row["n_parameters"] != row["n_parameters"] else f"{row['n_parameters']:,.0f}",
        )
        for name, row in table.iterrows()
    ]
    return _template("fragment.html").render(
        scoring=in_words(comparison.scoring),
        rows=rows,
        conclusion=comparison.conclusion().splitlines(),
        most=_MOST_SENTENCES,
        problems=method.problems(comparison),
    )


def _title(comparison: Any, settings: Mapping[str, Any]) -> str:
    names = [name for name in comparison.architectures if name not in comparison.baselines]
    names = names or list(comparison.architectures)
    what = listed(names) if len(names) <= _MOST_NAMED else f"{len(names)} classifiers"
    return f"{what} on {settings['dataset']}" if settings.get("dataset") else f"{what} compared"


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Iterate over names and values, with the names of nested values joined by dots."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", f"{value:.4g}" if isinstance(value, float) else str(value)


@cache
def _template(name: str) -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("skrnn.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
