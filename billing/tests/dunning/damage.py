"""Cases of dunning of every fate, and what would break each of their rules."""

from billing import internal
from billing.services import mark_uncollectible, void_invoice
from billing.tests.dunning.builders import case_of, decline
from billing.tests.factories import settle
from core import clock
from core.actor import SYSTEM

ANY = "(SELECT id FROM billing_dunningcase WHERE state = 'open' ORDER BY id LIMIT 1)"
DAMAGE = {
    "billing.dunning_in_time": "UPDATE billing_dunningcase SET next_attempt_at = now() - interval '2 hours' "
    "WHERE state = 'open'",
    "billing.dunning_keeps_to_its_schedule": "UPDATE billing_dunningcase SET attempts = 0",
    "billing.dunning_goes_on": f"UPDATE billing_dunningcase SET next_attempt_at = NULL WHERE id = {ANY}",
    "billing.dunning_follows_its_invoice": "UPDATE billing_dunningcase SET state = 'stopped', closed_at = now(), "
    f"closed_minor = 0, next_attempt_at = NULL WHERE id = {ANY}",
    "billing.dunning_knows_its_answers": "UPDATE billing_dunningstep SET outcome = 'succeeded' "
    "WHERE outcome = 'failed'",
}


def arrange() -> None:
    """One case of every fate, and one that is being tried again."""
    decline()
    again = case_of(decline())
    internal.retry_due(again.pk, actor=SYSTEM, now=again.course.retries_at[0])
    settle(decline())
    void_invoice(invoice_id=decline().id, reason="Mistake", actor=SYSTEM, now=clock.wall())
    mark_uncollectible(invoice_id=decline().id, reason="Gone", actor=SYSTEM, now=clock.wall())
