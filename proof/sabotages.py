"""The negative controls by name, in words; `proof.sabotage` commits them."""

from typing import Final

VARIABLE: Final = "PROOF_SABOTAGE"
MEANING: Final = {
    "order": "a job waits for what must go before it",
    "receipts": "a handler keeps a receipt for each fact it has dealt with",
}
