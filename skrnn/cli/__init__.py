"""What a person types. The commands read options, show progress and print; the work is done elsewhere.

TensorFlow is imported after every option was checked, so that help and errors come at once.

The commands and their options are public; the Python names are private and may change without notice.
"""

import shutil
import sys
import warnings
from io import TextIOWrapper
from typing import Annotated, Any

import typer

import skrnn
from skrnn.cli import compare, reproduce, tune

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="markdown"
)
app.command()(compare.compare)
app.command()(tune.tune)
app.command()(reproduce.reproduce)


@app.callback(invoke_without_command=True)
def _skrnn(
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    """Compare recurrent neural networks: which one to use, how well it does, and at what cost."""
    if show_version:
        print(f"skrnn {skrnn.__version__}")
        raise typer.Exit


def _command() -> Any:
    """Return the command. Its help is plain in narrow terminals, where frames and columns would cut words off."""
    command: Any = typer.main.get_command(app)
    width = shutil.get_terminal_size().columns
    if width < 100:
        for subcommand in command.commands.values():
            subcommand.rich_markup_mode = None
            subcommand.context_settings["terminal_width"] = width
    return command


def _show_warning(message: Warning | str, *where: Any, **more: Any) -> None:
    """Print what a warning says, on one line, and not the line of code that it comes from."""
    print(f"skrnn: warning: {str(message).partition(chr(10))[0]}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, default=None
        By default those of the process.

    Returns
    -------
    code : int
        0, 1 if something failed (a single fit is enough), 2 for wrong options, 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # no plus-minus sign or bar is worth losing the results
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            return _command()(args=arguments, prog_name="skrnn", standalone_mode=False) or 0
        except (
            typer.TyperException
        ) as error:  # a wrong option; the message of a bare `skrnn` is its help, already shown
            message = error.format_message().strip().replace("Value error, ", "")
            if message:
                print(f"skrnn: error: {message}", file=sys.stderr)
            return error.exit_code
