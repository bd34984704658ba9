"""No start-up line of TensorFlow is shown when it starts through skrnn, and no other output is lost."""

import ast
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import skrnn
from skrnn import _startup_lines

pytestmark = pytest.mark.long

ROOT = Path(skrnn.__file__).parent
ONEDNN = (
    "I0000 00:00:1795573729.036124    5102 port.cc:153] oneDNN custom operations are on. You may see slightly "
    "different numerical results due to floating-point round-off errors from different computation orders. To turn "
    "them off, set the environment variable `TF_ENABLE_ONEDNN_OPTS=0`."
)
KNOWN = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    ONEDNN,
    "2026-11-25 02:08:49.036124: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on. You may see",
    "I0000 00:00:1795573729.037762    5102 cudart_stub.cc:31] Could not find cuda drivers on your machine, GPU will "
    "not be used.",
    "I0000 00:00:1795574038.853102    5631 cpu_feature_guard.cc:227] This TensorFlow binary is optimized to use "
    "available CPU instructions in performance-critical operations.",
    "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate "
    "compiler flags.",
    "E0000 00:00:1795574044.783085    5631 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: Failed "
    "call to cuInit: UNKNOWN ERROR (303)",
    "I0000 00:00:1795574044.832870    5631 service.cc:153] XLA service 0x55e04aea32c0 initialized for platform Host "
    "(this does not guarantee that XLA will be used). Devices:",
    "I0000 00:00:1795574044.832897    5631 service.cc:161]   StreamExecutor [0]: Host, Default Version (Driver: 0.0.0)",
    "I0000 00:00:1795574044.934929    5631 device_compiler.h:208] Compiled cluster using XLA!  This line is logged at "
    "most once for the lifetime of the process.",
    "I0000 00:00:1795574045.858061    5643 dump_mlir_util.cc:269] disabling MLIR crash reproducer, set env var "
    "`MLIR_CRASH_REPRODUCER_DIRECTORY` to enable.",
]
OTHERS = [
    "",
    "mine",
    f"quoted: {ONEDNN}",
    "oneDNN custom operations are on.",
    "WARNING: something else",
    "To enable the following instructions: read the manual",
    # A GPU that is there and cannot be used.
    "E0000 00:00:1795574044.783085    5631 cuda_platform.cc:52] failed call to cuInit: "
    "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
    "I0000 00:00:1795573729.036124    5102 port.cc:153] listening on port 80",
    "F0000 00:00:1795573729.036124    5102 cpu_feature_guard.cc:17] The TensorFlow library was compiled to use AVX "
    "instructions, but these aren't available on your machine.",
    "W0000 00:00:1795573729.036124    5102 cpu_allocator.cc:83] Allocation of 9 exceeds 10% of free system memory.",
]  # fmt: skip


def run(arguments, folder=None, **more):
    """Run Python without settings for log levels; `folder` comes first in its path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, filter(None, [folder, ROOT.parent])))
    environment |= more.pop("environment", {})
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, check=False, timeout=300, **more
    )


def lines_of(stream):
    return stream.decode().splitlines()


# The filter


def filtered(written, verdict):
    """Return what the filter passes on before and after it answers."""
    process = subprocess.Popen(
        [sys.executable, _startup_lines.__file__, "0token"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    _, shown = process.communicate(written + b"0token" + verdict if verdict else written)
    return shown


def as_bytes(lines):
    return "".join(f"{line}\n" for line in lines).encode()


def test_known_lines_are_held_back_and_no_others():
    mixed = [line for pair in zip(KNOWN, OTHERS + ["last"], strict=True) for line in pair]
    assert filtered(as_bytes(mixed), _startup_lines.STARTED) == as_bytes([*OTHERS, "last"])


@pytest.mark.parametrize("verdict", [_startup_lines.FAILED, None])
def test_everything_is_shown_after_a_failure_or_the_end_of_the_process(verdict):
    assert filtered(as_bytes(KNOWN[:2] + ["mine"] + KNOWN[2:]), verdict) == as_bytes(["mine", *KNOWN])


def test_bytes_that_are_not_lines_pass_unchanged():
    text = b"50%|#####\r\x00\xff\xfe no end of line"
    assert filtered(text, _startup_lines.STARTED) == text


def test_the_beginning_of_a_line_is_passed_on():
    process = subprocess.Popen(
        [sys.executable, _startup_lines.__file__, "token"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    process.stdin.write(b"\r50%|#####")
    assert process.stderr.read(10) == b"\r50%|#####"  # before the line has ended
    process.communicate()


# Stand-ins for TensorFlow: failures, and other writers


@pytest.fixture
def stand_in(tmp_path):
    """Return a function that creates packages in place of TensorFlow and Keras; the first runs `code` when imported."""

    def make(code=""):
        (tmp_path / "tensorflow.py").write_text(
            f"import os\ntry: os.write(2, {as_bytes(KNOWN)!r})\nexcept OSError: pass\n{code}"
        )
        (tmp_path / "keras.py").write_text("")
        return tmp_path

    return make


START = "import skrnn._tensorflow; import os; os.write(2, b'after\\n')"


def test_a_good_start_shows_nothing(stand_in):
    done = run(["-X", "dev", "-W", "error", "-c", START], stand_in())  # unclosed resources would give warnings
    assert (done.returncode, lines_of(done.stderr)) == (0, ["after"])


@pytest.mark.parametrize("level", ["0", "1", "3"])
def test_all_messages_are_shown_on_request(stand_in, level):
    done = run(["-c", START], stand_in(), environment={"TF_CPP_MIN_LOG_LEVEL": level})
    assert lines_of(done.stderr) == [*(KNOWN if level == "0" else []), "after"]


def test_an_import_error_shows_all_that_was_written(stand_in):
    done = run(["-c", START], stand_in("os.write(2, b'cause\\n')\nraise ImportError('no such library')"))
    assert done.returncode == 1
    cause, *shown, error = [line for line in lines_of(done.stderr) if not line.startswith((" ", "Traceback"))]
    assert (cause, shown, error) == ("cause", KNOWN, "ImportError: no such library")


def test_output_of_a_library_that_aborts_is_shown(stand_in):
    done = run(["-c", START], stand_in(f"os.write(2, b'{OTHERS[-2][:40]}\\n')\nos.abort()"))
    assert done.returncode == -6
    assert lines_of(done.stderr) == [OTHERS[-2][:40], *KNOWN]


def test_ctrl_c_does_not_show_the_lines(stand_in):
    done = run(["-c", START], stand_in("os.write(2, b'mine\\n')\nraise KeyboardInterrupt"))
    shown = lines_of(done.stderr)
    assert (shown[0], shown[-1]) == ("mine", "KeyboardInterrupt")
    assert not set(KNOWN) & set(shown)


def test_tensorflow_that_was_imported_before_is_left_alone(stand_in):
    code = f"import os, tensorflow; os.write(2, b'its user\\n'); os.dup2 = None; {START}; skrnn._tensorflow.start()"
    assert lines_of(run(["-c", code], stand_in()).stderr) == [*KNOWN, "its user", "after"]


def test_other_threads_and_programs_that_they_start_are_shown(stand_in):
    meanwhile = """
import subprocess, sys, threading
def others():
    print("printed", file=sys.stderr)
    os.write(2, b"written\\n")
    subprocess.Popen([sys.executable, "-c", "import os, sys; sys.stdin.read(); os.write(2, b'started, later\\\\n')"],
                     stdin=subprocess.PIPE).stdin  # its input ends with this process
    sys.modules["keep"] = subprocess._active
thread = threading.Thread(target=others)
thread.start(); thread.join()
import warnings
warnings.warn("warned")
"""
    done = run(["-c", START], stand_in(meanwhile))
    shown = lines_of(done.stderr)
    for line in ("printed", "written", "after", "started, later"):
        assert shown.count(line) == 1
    assert any("UserWarning: warned" in line for line in shown)
    assert not set(KNOWN) & set(shown)


def test_the_descriptor_is_restored(stand_in):
    code = f"import os; before = os.fstat(2), os.listdir('/dev/fd'); {START}; assert before[0] == os.fstat(2)"
    done = run(["-c", f"{code}; assert before[1] == os.listdir('/dev/fd')"], stand_in())
    assert lines_of(done.stderr) == ["after"]


@pytest.mark.parametrize("way", ["closed", "no sys.stderr", "no processes", "embedded", "no such python"])
def test_it_starts_even_if_nothing_can_be_held_back(stand_in, way):
    before = {
        "closed": "os.close(2)",
        "no sys.stderr": "import sys; sys.stderr = None",
        "no processes": "import subprocess\ndef refuse(*a, **k): raise PermissionError\nsubprocess.Popen = refuse",
        "embedded": "import multiprocessing as m; m.set_executable('/usr/bin/server')",
        "no such python": "import multiprocessing as m; m.set_executable('/nowhere/python')",
    }[way]
    done = run(["-c", f"import os\n{before}\nimport skrnn._tensorflow; print('fine')"], stand_in())
    assert (done.returncode, lines_of(done.stdout)) == (0, ["fine"])
    quiet = way in ("closed", "no sys.stderr")
    assert lines_of(done.stderr) == ([] if quiet else KNOWN)


def test_a_process_forked_meanwhile_can_start_too(stand_in):
    fork = """
import skrnn._tensorflow as ours
child = os.fork()
if not child:
    with ours.without_startup_lines():
        os.write(2, b'child\\n')
    os._exit(0)
os.waitpid(child, 0)
"""
    assert lines_of(run(["-c", START], stand_in(fork)).stderr) == ["child", "after"]


def test_starts_can_be_nested(stand_in):
    code = f"""
{START}
with skrnn._tensorflow.without_startup_lines():
    with skrnn._tensorflow.without_startup_lines():
        os.write(2, {as_bytes([KNOWN[1], "inner"])!r})
    os.write(2, {as_bytes([KNOWN[1], "outer"])!r})
os.write(2, {as_bytes([KNOWN[1]])!r})
"""
    assert lines_of(run(["-c", code], stand_in()).stderr) == ["after", "inner", "outer", KNOWN[1]]


def test_threads_that_start_together_wait_for_each_other(stand_in):
    code = f"""
{START}
import threading
def hold(number):
    with skrnn._tensorflow.without_startup_lines():
        os.write(2, {as_bytes([KNOWN[1]])!r} + b"%d\\n" % number)
threads = [threading.Thread(target=hold, args=(number,)) for number in range(5)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    assert sorted(lines_of(run(["-c", code], stand_in()).stderr)) == ["0", "1", "2", "3", "4", "after"]


# TensorFlow itself

FIT = """
import os, threading
said = threading.Event()
def talk():
    number = 0
    while not said.wait(0.2):
        os.write(2, b"mine %d\\n" % number)
        number += 1
talking = threading.Thread(target=talk)
talking.start()
import skrnn
skrnn.LSTMClassifier
skrnn.configure_threads(1)  # still possible
from skrnn.datasets import load_digits
X, y = load_digits(return_X_y=True)
network = skrnn.LSTMClassifier(8, epochs=1).fit(X, y)  # large enough to be compiled
network.predict(X)
network.model_.predict(X, verbose=0)
said.set()
talking.join()
import tensorflow
assert tensorflow.config.threading.get_inter_op_parallelism_threads() in (0, 1)
tensorflow.print("tensorflow's own")
"""


def test_a_fit_in_a_users_process():
    done = run(["-W", "default::UserWarning", "-c", FIT])
    assert done.returncode == 0, done.stderr
    *shown, last = lines_of(done.stderr)
    assert last == "tensorflow's own"
    assert shown == [f"mine {number}" for number in range(len(shown))]
    assert len(shown) > 3
    assert done.stdout == b""


def test_a_worker_that_unpickles_a_classifier():
    code = """
import skrnn
from skrnn.datasets import load_digits
if __name__ == "__main__":
    X, y = load_digits(return_X_y=True)
    from distributed import Client, LocalCluster
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster) as client:
        client.submit(skrnn.GRUClassifier(8, epochs=1).fit, X, y).result()
"""
    done = run(["-W", "default::UserWarning", "-c", code])
    # Dask may say that a worker took its time to end.
    shown = [line for line in lines_of(done.stderr) if " - distributed." not in line]
    assert (done.returncode, shown, done.stdout) == (0, [], b"")


def test_a_comparison_in_a_terminal(tmp_path):
    """Through live bars and with two workers, every line ever shown in the terminal is skrnn's own, and whole."""
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    options = [
        "--samples",
        "200",
        "--units",
        "4",
        "--epochs",
        "2",
        "--cv",
        "2",
        "--n-jobs",
        "2",
        "--out",
        str(tmp_path),
    ]
    ours, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (40, 60))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "COLUMNS"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "skrnn.cli", "compare", *options],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**environment, "PYTHONPATH": str(ROOT.parent), "PYTHONIOENCODING": "utf-8", "TERM": "xterm"},
    )
    os.close(terminal)
    shown = b""
    with open(ours, "rb", buffering=0) as screen, suppress(OSError):  # the error is the end
        while chunk := screen.read(4096):
            shown += chunk
    assert process.wait(timeout=60) == 0
    text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown.decode())
    lines = {line.rstrip() for line in re.split(r"[\r\n]+", text)}
    joined = " ".join(text.split())
    assert "Loading TensorFlow" in joined
    assert "Mean ± standard deviation over 2 test folds; times are means per fit." in joined
    known = (
        r"$|digits: 200 images|SimpleRNN, LSTM and GRU: 4 units|seed 0; 6 fits|cross-validation|. Loading TensorFlow$"
        r"| {0,2}(SimpleRNN|LSTM|GRU)(, fold \d)? |All fits | *Accuracy   *95 % interval| ─+$|Mean ± |per fit\.$"
        r"|Too narrow for "
        rf"|{re.escape(str(tmp_path))[:30]}|.*\.(csv|json|png|npz)[,:.]?"
    )
    conclusion = " ".join(json.loads((tmp_path / "summary.json").read_text())["conclusion"])
    ours = [line for line in lines if re.match(known, line) or " ".join(line.split()) in conclusion]
    assert [line for line in lines if line not in ours] == []
    assert "…" not in text


# The only import


def test_tensorflow_is_imported_in_one_place():
    """Code that imports it elsewhere may be the first, and would show its lines."""
    others = []
    for path in sorted(ROOT.rglob("*.py")):
        quietly = path.name == "_tensorflow.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                quietly |= node.module == "skrnn._tensorflow"
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            roots = {name.partition(".")[0] for name in names} & {"tensorflow", "keras", "scikeras"}
            # SciKeras is imported where its classifier is subclassed, after TensorFlow.
            if roots and not ((quietly and roots <= {"scikeras"}) or path.name == "_tensorflow.py"):
                others.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert others == []
