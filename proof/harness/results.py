"""What a proof found, and how it is told: on the terminal, as a file, and in the table of docs/proofs.md."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(kw_only=True)
class Result:
    """One run of one proof. `broken` holds what must not be; an empty list is a proof that holds."""

    name: str
    scale: str
    seed: int
    sabotage: str = ""
    figure: str = ""
    seconds: float = 0.0
    kills: int = 0
    counted: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.broken

    def expect(self, what: str, found: object, wanted: object) -> None:
        """This function will note a difference between what was found and what must be."""
        if found != wanted:
            self.broken.append(f"{what}: {found}, not {wanted}")

    def save(self, path: Path) -> None:
        """This function will write the result to a file."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Result | None:
    """This function will read a result from a file, None where there is none."""
    return Result(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def line(result: Result) -> str:
    """This function will return the result as one line for the terminal."""
    counted = ", ".join(f"{count} {what}" for what, count in result.counted.items())
    verdict = "holds" if result.holds else f"BROKEN: {'; '.join(result.broken)[:600]}"
    control = f" without {result.sabotage}" if result.sabotage else ""
    return f"{result.name}{control} (seed {result.seed}, {result.seconds:.0f} s): {counted}: {verdict}"


def told(counted: Mapping[str, int]) -> str:
    """This function will return what was counted as the words of a table's cell."""
    return ", ".join(f"{count:,} {what}" for what, count in counted.items())
