"""The negative controls by name, in words; `proof.sabotage` commits them."""

from typing import Final

VARIABLE: Final = "PROOF_SABOTAGE"
MEANING: Final = {
    "assertions": "tests assert what they have found",
    "claim": "a key is claimed before its effect",
    "commit": "a request is answered after its commit",
    "comparison": "a MAC is compared with what it must be",
    "counter": "a number belongs to the transaction that takes it",
    "durability": "a commit waits for the disk (synchronous_commit)",
    "gateway_key": "every ask of one charge has the same key",
    "gift_rules": "the gift's lock, and what the database knows of gifts",
    "intent": "an attempt is committed before the gateway is asked",
    "order": "a job waits for what must go before it",
    "receipts": "a handler keeps a receipt for each fact it has dealt with",
    "sweeper": "beat looks for rows whose nudge was lost",
}
# What a sabotage takes from the database itself.
SQL: Final = {
    "gift_rules": (
        "ALTER TABLE gifts_gift DISABLE TRIGGER USER",
        "ALTER TABLE gifts_gift DROP CONSTRAINT gifts_gift_redeemed_by_somebody",
        "ALTER TABLE billing_journal DROP CONSTRAINT billing_journal_once",
        "ALTER TABLE subscriptions_extension DROP CONSTRAINT subscriptions_extension_source_once",
    )
}
