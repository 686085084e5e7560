"""The page of the sandbox's test cards, written from the cards themselves."""

from collections.abc import Iterator

from core import reference
from payments import declines
from payments.gateways.sandbox_cards import BEHAVIORS, CARDS, Behavior, Fault

FAULTS = {
    Fault.DROP_BEFORE: "the connection breaks before the gateway has acted",
    Fault.PROCESS_THEN_DROP: "the money moves, then the connection breaks",
    Fault.PROCESS_THEN_500: "the money moves, then the gateway answers 500",
    Fault.PROCESS_THEN_HANG: "the money moves, then nothing is answered in time",
    Fault.HANG_BEFORE: "nothing is answered in time, and nothing has happened",
    Fault.TOO_MANY_REQUESTS: "the gateway answers 429",
    Fault.MALFORMED: "the answer is no JSON",
    Fault.WRONG_AMOUNT: "the answer names another amount",
}
HEAD = """# Test cards

The sandbox takes these cards and no others: a real number is refused and never stored. Any expiry in the future and any
CVC do. In place of a number `POST /payment-methods` takes a token: `{"customer": "cus_…", "token": "tok_success"}`. A
decline of a number comes when the card is put in, that of a token when it is charged. Faults happen to the first
request of each charge; the payment is then looked up, and ends as what really happened.
"""


@reference.page("test-cards.md")
def cards_page() -> str:
    """This function will return the page of all test cards and tokens, and what each does."""
    return "\n".join([HEAD, "| card | token | what it does |", "|---|---|---|", *_rows()]) + "\n"


def _rows() -> Iterator[str]:
    for name, behavior in BEHAVIORS.items():
        numbers = ", ".join(f"`{digits}`" for digits, its in CARDS.items() if its == name) or "–"
        yield f"| {numbers} | `tok_{name}` | {_told(name, behavior)} |"


def _told(name: str, behavior: Behavior) -> str:
    if behavior.fault is not Fault.NONE:
        return FAULTS[behavior.fault]
    if behavior.is_pending:
        return "stays pending until the gateway's webhook says how it ended"
    if name == "disputed_later":
        return "is charged; it is kept for disputes, which the sandbox does not make yet"
    if not behavior.declines:
        return "is charged"
    when = "when charged" if behavior.attaches else "when put in, as a token when charged"
    kind = "hard" if declines.is_hard(behavior.declines) else "soft"
    return f"is declined {when}: `{behavior.declines}` ({kind})"
