"""The documentation is true: examples run and print what they show, links lead somewhere, nothing public is missing."""

import contextlib
import doctest
import io
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot
import pytest
import sklearn

import skrnn

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").glob("*.md"))
PUBLIC_MODULES = [
    "skrnn.datasets",
    "skrnn.model_selection",
    "skrnn.persistence",
    "skrnn.plotting",
    "skrnn.preprocessing",
    "skrnn.recipes",
]


class AboutEqual(doctest.OutputChecker):
    """Compares output, decimals to within 0.05: trained on other hardware, networks score a little differently."""

    def check_output(self, want, got, optionflags):
        decimal = re.compile(r"\d+\.\d+")
        wanted, found = (list(map(float, decimal.findall(text))) for text in (want, got))
        if wanted and wanted == pytest.approx(found, abs=0.05):
            want, got = decimal.sub("DECIMAL", want), decimal.sub("DECIMAL", got)
        return super().check_output(want, got, optionflags)


@pytest.fixture
def in_empty_folder(tmp_path, monkeypatch):
    """Examples may write files, open figures and configure scikit-learn: nothing of it remains."""
    monkeypatch.chdir(tmp_path)
    backend = matplotlib.get_backend()
    matplotlib.use("agg")
    with sklearn.config_context():
        yield tmp_path
    matplotlib.pyplot.close("all")
    matplotlib.use(backend)


def python_lines(page):
    """Return the page with all that is not Python blanked out: the numbers of the lines stay."""
    lines, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        inside = line == "```python" or (inside and line != "```")
        lines.append(line if inside and not line.startswith("```") else "")
    return "\n".join(lines)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_prints_what_it_shows(page, in_empty_folder):
    examples = doctest.DocTestParser().get_doctest(python_lines(page), {}, page.name, str(page), 0)
    report = io.StringIO()
    runner = doctest.DocTestRunner(AboutEqual(), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    failed, _ = runner.run(examples, out=report.write)
    assert not failed, report.getvalue()


README_EXAMPLES = re.findall(
    r"^```python\n(.*?)^```\n(?:\n^```text\n(.*?)^```$)?", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(("code", "shown"), README_EXAMPLES, ids=range(1, len(README_EXAMPLES) + 1))
def test_the_readme_prints_what_it_shows(code, shown, in_empty_folder):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert AboutEqual().check_output(shown, printed.getvalue(), flags), printed.getvalue()


def test_the_readme_has_the_two_commands():
    commands = re.findall(r"^```shell\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert "python -m pip install . && skrnn compare\n" in commands
    assert 'python -m pip install ".[test]" && python -m pytest -n 2\n' in commands


@pytest.mark.parametrize(
    "page",
    [README, ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md", *PAGES],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing


def test_the_api_reference_lists_every_public_name():
    listed = set()
    for page in (ROOT / "docs" / "api").glob("*.rst"):
        module = None
        for line in page.read_text(encoding="utf-8").splitlines():
            if found := re.fullmatch(r"\.\. currentmodule:: (\S+)", line):
                module = found[1]
            elif found := re.fullmatch(r"   (\w+)", line):
                listed.add(f"{module}.{found[1]}")
    modules = {name.removeprefix("skrnn.") for name in PUBLIC_MODULES} | {"__version__"}
    public = {f"skrnn.{name}" for name in skrnn.__all__ if name not in modules}
    for module in PUBLIC_MODULES:
        public |= {f"{module}.{name}" for name in import_module(module).__all__}
    assert public - listed == set()
    returned = {"skrnn.estimators.FrozenClassifier"}  # by a method, and made in no other way
    assert {name for name in listed - public if not name.startswith("None.")} == returned


def test_every_package_says_what_is_public():
    packages = {path.parent.name for path in (ROOT / "skrnn").glob("*/__init__.py")}
    private = {"cli", "network", "onnx", "report"}
    exporting = {f"skrnn.{name}" for name in packages - private}
    assert exporting == {*PUBLIC_MODULES, "skrnn.estimators"}
    for name in ("skrnn", *exporting):
        module = import_module(name)
        assert "public names are those in ``__all__``" in " ".join(module.__doc__.split()), name
        assert [each for each in module.__all__ if not hasattr(module, each)] == [], name
    for name in private:
        module = import_module(f"skrnn.{name}")
        assert "private and may change without notice" in " ".join(module.__doc__.split()), name
        assert not hasattr(module, "__all__"), name
    # The reference lists the classifiers under the name that users import.
    assert {*import_module("skrnn.estimators").__all__} - {*skrnn.__all__} == {"FrozenClassifier"}


def test_type_checkers_read_the_annotations():
    assert (Path(skrnn.__file__).parent / "py.typed").is_file()


def test_the_files_that_the_architecture_names_exist():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)`", page)
    assert len(named) > 20
    assert [name for name in named if not ((ROOT / "skrnn" / name).is_file() or (ROOT / name).is_file())] == []


# Arguments for a quick run, and the files that it writes; a diagram only where pydot and Graphviz are.
SMALL = {
    "grid_search_published_table.py": (["--images", "60", "--epochs", "1"], set()),
    "plot_book_simple_rnn.py": (["--images", "60", "--epochs", "1", "--save", "book"], {"book-curves.png"}),
    "plot_deep_lstm.py": (["--images", "60", "--epochs", "1", "--save", "deep"], {"deep-accuracy.png"}),
    "plot_digits_step_by_step.py": (["--epochs", "2", "--save", "figure.png"], {"figure.png"}),
    "plot_imdb_three_networks.py": (
        ["Good.", "Not good.", "--reviews", "200", "--epochs", "2", "--save", "imdb"],
        {"imdb-loss.png", "imdb-accuracy.png"},
    ),
    "plot_mnist_three_networks.py": (
        ["--images", "200", "--epochs", "1", "--save", "three"],
        {"three-curves.png", "three-images.png"},
    ),
    "reviews_from_text_to_label.py": (["The plot was not boring.", "--reviews", "200", "--epochs", "1"], set()),
}
# The lines with results: a pattern, and how many there are.
RESULTS = {
    "grid_search_published_table.py": (r"(sgd|rmsprop|adam) +(256|512) +0\.\d{3} +(-|0\.\d{3})", 6),
    "plot_book_simple_rnn.py": (r"(SimpleRNN|GRU|LSTM)\D* +\d+,\d{3} +0\.\d{4} +0\.\d{4}", 6),
    "plot_deep_lstm.py": (r".*(SimpleRNN|LSTM) \d+ +\d+,\d{3} +0\.\d{4} +(-|0\.\d{4})", 4),
    "plot_digits_step_by_step.py": (r"after row \d: accuracy 0\.\d{3}", 8),
    "plot_imdb_three_networks.py": (r"(SimpleRNN|GRU|LSTM) .*\(epoch +\d\) +0\.\d{4} +0\.\d{4} +0\.8\d{3}", 3),
    "plot_mnist_three_networks.py": (r"(SimpleRNN|GRU|LSTM) .*\(epoch +\d\) +0\.\d{4} +0\.\d{4} +about 0\.\d{2}", 3),
    "reviews_from_text_to_label.py": (r"(GRU|logistic regression), .* accuracy 0\.\d{3}", 2),
}
DIAGRAMS = {"book-network.png", "deep-network.png"}


def test_every_example_is_run():
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == set(SMALL)


@pytest.mark.long
@pytest.mark.parametrize("script", SMALL)
def test_example(script, tmp_path):
    # Without a data home, so that what runs does not depend on what was downloaded.
    environment = os.environ | {"SKRNN_DATA_HOME": str(tmp_path / "empty"), "MPLBACKEND": "agg"}
    arguments, files = SMALL[script]
    command = [sys.executable, "-W", "error::FutureWarning", str(ROOT / "examples" / script), *arguments]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    pattern, n_results = RESULTS[script]
    assert len(re.findall(f"^{pattern}$", run.stdout, flags=re.MULTILINE)) == n_results, run.stdout
    assert {path.name for path in tmp_path.glob("*.png")} - DIAGRAMS == files


def test_the_site_builds_without_warnings(tmp_path):
    for package in ("sphinx", "numpydoc", "myst_parser", "pydata_sphinx_theme"):
        pytest.importorskip(package)
    # Of a copy, because autosummary writes its pages beside those that it finds.
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("_build", "generated"))
    shutil.copy(ROOT / "CHANGELOG.md", tmp_path)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", "site"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "site" / "api" / "generated" / "skrnn.LSTMClassifier.html").is_file()
