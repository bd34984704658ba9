"""How the commands print."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def say(console: "Console", text: str) -> None:
    """Print a text, with line breaks at the width of a terminal, but not in a file."""
    console.print(text, soft_wrap=not console.is_interactive)
