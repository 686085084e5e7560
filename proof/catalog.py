"""Every proof by name: what it promises, what does it, how large it is, and which protections it relies on."""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, kw_only=True)
class Proof:
    """`call` is named, not imported: the house is loaded only where a proof runs. `controls` are sabotages."""

    name: str
    figure: str
    call: str
    full: dict[str, Any]
    small: dict[str, Any]
    controls: tuple[str, ...]
    control: dict[str, Any] | None = None

    def size(self, scale: str) -> dict[str, Any]:
        """This function will return the numbers of a scale; a control has its own where the small ones are too few."""
        sizes = {"full": self.full, "small": self.small, "control": self.control or self.small}
        return sizes[scale]


PROOFS: Final = (
    Proof(
        name="facts",
        figure="20,000 facts under at least 300 kills: 0 lost, 0 out of order per aggregate, effects = facts",
        call="proof.facts:run",
        full={"facts": 20_000, "subjects": 40, "kills": 300},
        small={"facts": 120, "subjects": 10, "kills": 8},
        controls=("order", "receipts"),
        control={"facts": 400, "subjects": 2, "kills": 40},
    ),
)

BY_NAME: Final = {proof.name: proof for proof in PROOFS}
