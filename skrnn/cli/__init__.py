"""The command line. The commands read options, show progress and print results; other packages do the work.

TensorFlow is imported only after all options are checked, so that help and errors appear at once.

The commands and their options are public; the Python names are private and may change without notice.
"""

import errno
import shutil
import sys
import warnings
from typing import Annotated, Any

import typer

import skrnn
from skrnn import _ctrl_c
from skrnn.cli import compare, describe, predict, reproduce, tune
from skrnn.cli.common import CLOSED, FAILED, INTERRUPTED, cure_of
from skrnn.cli.streams import lasting_streams

# The base of all errors in options. Before Typer 0.27 it was Click's, without a name of its own in Typer.
_OptionError: Any = next(
    base for base in reversed(typer.BadParameter.__mro__) if base.__module__.endswith("exceptions")
)

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="markdown"
)
app.command()(compare.compare)
app.command()(tune.tune)
app.command()(predict.predict)
app.command()(describe.describe)
app.command()(reproduce.reproduce)


@app.callback(invoke_without_command=True)
def _skrnn(
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    """Compare and tune recurrent neural networks, and reproduce published ones."""
    if show_version:
        print(f"skrnn {skrnn.__version__}")
        raise typer.Exit


def _command() -> Any:
    """Return the command. In narrow terminals its help is plain text, because columns in frames would cut off words."""
    command: Any = typer.main.get_command(app)
    width = shutil.get_terminal_size().columns
    if width < 100:
        for subcommand in command.commands.values():
            subcommand.rich_markup_mode = None
            subcommand.context_settings["terminal_width"] = width
    return command


def _show_warning(message: Warning | str, *where: object, **more: object) -> None:
    """Print the first line of a warning without its location in the code."""
    print(f"skrnn: warning: {str(message).partition(chr(10))[0]}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, default=None
        Command and options. By default, the arguments of the process.

    Returns
    -------
    code : int
        Exit code: 0 for success, 1 if anything failed (even a single fit), 2 for invalid options, 130 after Ctrl-C, 141
        if standard output was closed before all was printed (the results are complete).
    """
    _ctrl_c.raise_at_ctrl_c()
    try:
        with lasting_streams() as streams:
            code = _run(arguments)
            error = streams.error()
            if error is None or code:
                return code
            if error.errno == errno.EPIPE:
                return CLOSED
            print(f"skrnn: error: standard output: {error.strerror}", file=sys.stderr)
            return FAILED
    except KeyboardInterrupt:  # a second one, while the first one is reported
        return INTERRUPTED
    finally:
        if _ctrl_c.is_command():
            _ctrl_c.leave_at_ctrl_c()


def _run(arguments: list[str] | None) -> int:
    """Run a command. What a user can cause ends with a line on standard error, a fault of ours with a traceback."""
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            return _command()(args=arguments, prog_name="skrnn", standalone_mode=False) or 0
        except _OptionError as error:  # an invalid option; no message if `skrnn` alone has printed its help
            message = error.format_message().strip().replace("Value error, ", "")
            if message:
                print(f"skrnn: error: {message}", file=sys.stderr)
            return error.exit_code
        except (KeyboardInterrupt, typer.Abort):  # where a command does not report it
            return INTERRUPTED
        except OSError as error:  # permissions, disks, connections
            print(f"skrnn: error: {error}{cure_of(error)}", file=sys.stderr)
            return FAILED
        except MemoryError as error:
            found = f": {error}" if str(error) else ""
            print(
                f"skrnn: error: out of memory{found}. Fewer --samples, a smaller --units or --n-jobs 1 take less.",
                file=sys.stderr,
            )
            return FAILED
