"""How the commands print."""

from typing import TYPE_CHECKING

from skrnn.model_selection.fit_displays import FitBars as Bars  # for `reproduce`; the others call `fit_display`
from skrnn.model_selection.fit_displays import FitLines as Lines

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Bars", "Lines", "say"]


def say(console: "Console", text: str) -> None:
    """Print a text, with line breaks at the width of a terminal, but not in a file."""
    console.print(text, soft_wrap=not console.is_interactive)
