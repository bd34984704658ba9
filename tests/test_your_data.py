"""The guide to a user's own data: its commands and its Python run as they stand, on small files."""

import re
from pathlib import Path

import pandas as pd
import pytest

from skrnn import cli
from tests.own_files import write_all

pytestmark = pytest.mark.long

PAGE = (Path(__file__).parents[1] / "docs" / "your_data.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^skrnn (compare .*)$", PAGE, re.MULTILINE)
SETUP, *PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_all(folder)
    days = pd.DataFrame({f"{name}_t{step}": range(step, step + 20) for name in ("temp", "rain") for step in range(4)})
    days.assign(season=["cold", "warm"] * 10).to_csv(folder / "days.csv", index=False)
    return folder


@pytest.fixture(autouse=True)
def in_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.split()[1])
def test_a_command_of_the_guide_ends_with_its_table(command, tmp_path, capsys):
    quick = ["--epochs", "1", "--units", "4", "--n-jobs", "1", "--out", str(tmp_path)]
    folds = [] if "--test" in command else ["--cv", "2"]
    assert cli.main([*command.split(), *quick, *folds]) == 0
    printed = capsys.readouterr().out
    for name in ("SimpleRNN", "LSTM", "GRU"):
        assert re.search(rf"^ {name} +[01]\.\d{{4}} ±", printed, re.MULTILINE)
    assert "Better means by more than 1 point of accuracy" in printed


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: re.search(r'load_file\("(\w+)', program)[1])
def test_a_program_of_the_guide_ends_with_its_table(program, capsys):
    short = program.replace("networks(data", "networks(data, units=4, epochs=1")
    assert short != program
    assert len(program.strip().splitlines()) < 10
    exec(compile(SETUP + short, "your_data.md", "exec"), {})
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("SimpleRNN", "LSTM", "GRU"))


def test_the_guide_shows_how_its_file_is_understood(capsys):
    (shown,) = re.findall(r"^```text\n(read .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (command,) = re.findall(r"^skrnn (describe .*)$", PAGE, re.MULTILINE)
    assert cli.main(command.split()) == 0
    assert capsys.readouterr().out.split() == shown.split()
