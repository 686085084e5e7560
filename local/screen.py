"""What the runner prints: a live line in a terminal, plain lines in a script."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from local.story import Step


class Screen:
    """One place to print. Nothing printed is read as markup, because details carry brackets of their own."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Show that something is under way; this function will print how long it took once it has worked."""
        began = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(Text(f"{what} …")):
                yield
        else:
            yield
        self.mark("✓", "green", f"{what}  ", f"{time.monotonic() - began:.1f} s")

    def step(self, step: Step) -> None:
        """Print one step of the tour; this function will put it on one line however long it is."""
        sign, color = ("✓", "green") if step.ok else ("✗", "bold red")
        self.mark(sign, color, f"{step.name:<34} ", step.detail)

    def mark(self, sign: str, color: str, text: str, detail: str = "") -> None:
        """Print a sign and a text; this function will dim the detail where there are colors."""
        self._print(Text.assemble((sign, color), " ", text, (detail, "dim")))

    def heading(self, text: str) -> None:
        """Print a heading with an empty line above it; this function will make it bold where there are colors."""
        self.line()
        self._print(Text(text, style="bold"))

    def line(self, text: str = "") -> None:
        """Print text as it is; this function will not wrap it, so that it can be copied."""
        self._print(Text(text))

    def _print(self, text: Text) -> None:
        try:
            self._console.print(text, soft_wrap=True)
        except UnicodeEncodeError:  # a terminal of another encoding
            self._console.print(Text(text.plain.encode("ascii", "replace").decode()), soft_wrap=True)
        except BrokenPipeError:
            return
