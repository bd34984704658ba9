"""The interpreters that the peers run in: this one, and one with skorch and PyTorch, which skrnn does not need."""

import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("skorch-requirements.txt")
CACHE = Path("~/.cache/skrnn-benchmarks/skorch")


def make_environment(folder: Path, requirements: Path) -> str:
    """Make a virtual environment, unless it is there with these very requirements, and return its interpreter.

    Parameters
    ----------
    folder : Path
        Where it lies.
    requirements : Path
        What pip installs in it.
    """
    folder = folder.expanduser()
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    installed = folder / requirements.name  # a copy, left when everything is in place
    if not installed.exists() or installed.read_text() != requirements.read_text():
        print(f"Installing {requirements.name} into {folder} ...", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        # pip's messages go where progress goes: stdout is the table's.
        command = [str(python), "-m", "pip", "install", "--requirement", str(requirements)]
        subprocess.run(command, check=True, stdout=sys.stderr)
        installed.write_text(requirements.read_text())
    return str(python)


class Interpreters:
    """The interpreter of each environment; that of skorch is made when it is first asked for.

    Parameters
    ----------
    skorch : str or None
        An interpreter to use instead of making an environment.
    """

    def __init__(self, skorch: str | None = None):
        self._paths = {"skrnn": sys.executable}
        if skorch is not None:
            self._paths["skorch"] = skorch

    def __getitem__(self, environment: str) -> str:
        """Return the path of the interpreter of an environment."""
        if environment not in self._paths:
            self._paths[environment] = make_environment(CACHE, REQUIREMENTS)
        return self._paths[environment]
