"""Commands whose output is closed, that are interrupted while they load, and whose files cannot be written."""

import errno
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
import typer
from optuna.distributions import IntDistribution
from rich.console import Console
from sklearn.tree import DecisionTreeClassifier

from skrnn import _ctrl_c, cli
from skrnn.cli import compare, tune
from skrnn.cli.source import Source
from skrnn.cli.streams import lasting_streams
from skrnn.datasets import load_digits
from skrnn.model_selection import OptunaSearchCV

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes and signals of POSIX")
QUICK = ["--samples", "60", "--units", "2", "--epochs", "1", "--cv", "2", "--n-jobs", "1"]


@contextmanager
def closed_pipe(*names):
    """Replace streams of `sys` with a pipe that nobody reads any more."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", encoding="utf-8") as stream, pytest.MonkeyPatch.context() as patch:
        for name in names or ["stdout"]:
            patch.setattr(sys, name, stream)
        yield stream


@pytest.mark.long
def test_a_comparison_is_complete_though_nobody_reads_its_output(tmp_path, capfd):
    with closed_pipe():
        assert cli.main(["compare", *QUICK, "--out", str(tmp_path)]) == 141
    assert {"scores.csv", "summary.json", "comparison.npz", "scores.png"} <= {*os.listdir(tmp_path)}
    assert "rror" not in capfd.readouterr().err


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["reproduce"], ["tune", "--help"]], ids=" ".join)
def test_what_only_prints_ends_like_any_program_at_a_closed_pipe(capfd, arguments):
    with closed_pipe():
        assert cli.main(arguments) == 141
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_output_that_cannot_be_written_is_an_error(monkeypatch, capfd):
    with open("/dev/full", "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert cli.main(["--version"]) == 1
    assert capfd.readouterr().err == "skrnn: error: standard output: No space left on device\n"


def test_an_error_keeps_its_code_though_nobody_reads_it():
    with closed_pipe("stdout", "stderr"):
        assert cli.main(["compare", "--cv", "1"]) == 2


def test_the_streams_of_the_process_come_back():
    with closed_pipe() as stream:
        with lasting_streams():
            print("lost")
            assert sys.stdout is not stream
        assert sys.stdout is stream


def test_closed_descriptors_are_not_given_to_files(tmp_path):
    """Else a log line of a library would land in the file of the results."""
    program = (
        "import os, sys; from skrnn.cli.streams import lasting_streams\n"
        "with lasting_streams(): print('out'); print('err', file=sys.stderr); new = os.open('file', os.O_CREAT)\n"
        "sys.exit(new)"
    )
    run = subprocess.run(["sh", "-c", 'exec "$0" -c "$1" 0<&- 1>&- 2>&-', sys.executable, program], cwd=tmp_path)
    assert run.returncode > 2


def command(folder, program):
    """Run a program that is called like the command."""
    script = folder / "skrnn"
    script.write_text(program)
    return subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def test_ctrl_c_while_the_command_loads_ends_it_at_once(tmp_path):
    """An interrupt in the callback of a weak reference, or in an import, would be printed with a traceback."""
    run = command(
        tmp_path,
        "import signal, sys, weakref, skrnn\n"
        "class Module: pass\n"
        "module = Module()\n"
        "found = weakref.ref(module, lambda _: signal.raise_signal(signal.SIGINT))\n"
        "del module\n"
        "print('goes on')\n",
    )
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "")


def test_ctrl_c_at_the_end_prints_nothing(tmp_path):
    run = command(
        tmp_path,
        "import atexit, signal, sys\nfrom skrnn.cli import main\n"
        "atexit.register(signal.raise_signal, signal.SIGINT)\nsys.exit(main(['--version']))\n",
    )
    assert (run.returncode, run.stderr) == (130, "")
    assert run.stdout.startswith("skrnn ")


@pytest.mark.parametrize(
    ("script", "typed", "expected"),
    [
        ("/bin/skrnn", ["python", "/bin/skrnn", "compare"], True),
        ("-m", ["python", "-m", "skrnn.cli", "compare"], True),
        ("/lib/skrnn/cli/__main__.py", ["python", "-X", "dev", "-m", "skrnn.cli"], True),
        ("/bin/skrnn", ["python", "-m", "joblib.externals.loky.backend.popen_loky_posix"], False),  # a worker
        ("mine.py", ["python", "mine.py", "skrnn"], False),
        ("", ["python"], False),
    ],
)
def test_the_command_is_told_from_its_workers_and_from_programs(monkeypatch, script, typed, expected):
    monkeypatch.setattr(sys, "argv", [script])
    monkeypatch.setattr(sys, "orig_argv", typed)
    assert _ctrl_c.is_command() is expected


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (KeyboardInterrupt(), 130, ""),
        (OSError(errno.EROFS, "Read-only file system", "/a"), 1,
         "skrnn: error: [Errno 30] Read-only file system: '/a'. Choose one that you may write to, or change its "
         "permissions."),
        (MemoryError(), 1,
         "skrnn: error: out of memory. Fewer --samples, a smaller --units or --n-jobs 1 take less."),
    ],
)  # fmt: skip
def test_what_a_user_can_cause_has_no_traceback_wherever_it_happens(
    monkeypatch, tmp_path, capsys, raised, code, message
):
    def fails(*arguments):
        raise raised

    monkeypatch.setattr(compare, "print_terms", fails)
    monkeypatch.setattr(compare, "say", fails)  # also of the message about an interrupt
    assert cli.main(["compare", *QUICK, "--out", str(tmp_path)]) == code
    assert capsys.readouterr().err.strip() == message


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch, tmp_path):
    def fails(*arguments):
        raise RuntimeError("ours")

    monkeypatch.setattr(compare, "_estimators", fails)
    with pytest.raises(RuntimeError, match="ours"):
        cli.main(["compare", *QUICK, "--out", str(tmp_path)])


@pytest.mark.parametrize("kind", ["folder", "in a file", "nowhere"])
def test_a_journal_that_cannot_be_written_is_said_before_any_training(monkeypatch, tmp_path, capsys, kind):
    monkeypatch.setattr(tune, "_search", None)
    (tmp_path / "file").write_text("mine")
    path = {"folder": tmp_path, "in a file": tmp_path / "file" / "a.journal", "nowhere": "/proc/none/a.journal"}[kind]
    assert cli.main(["tune", *QUICK[:2], "--out", str(tmp_path / "out"), "--storage", str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("skrnn: error: --storage /")
    assert "cannot be written to: " in line
    assert ": choose another" in line
    assert (tmp_path / "file").read_text() == "mine"


def test_a_disk_that_is_full_ends_a_search_with_one_line(tmp_path, capsys):
    import resource

    X, y = load_digits(return_X_y=True)
    source = Source("digits", "images", X.reshape(len(X), -1)[:90], y[:90], preprocessor=None)
    journal = str(tmp_path / "search.journal")
    space = {"max_depth": IntDistribution(1, 9)}
    search = OptunaSearchCV(DecisionTreeClassifier(), space, n_trials=200, cv=2, storage=journal, random_state=0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        with pytest.raises(typer.Exit) as caught:
            tune._run(search, source, Console(quiet=True))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.exit_code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"skrnn: error: A trial could not be stored in {journal}: ")
    assert "cannot be written to: File too large." in line
