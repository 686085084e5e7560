"""What of the outbox may be forgotten: never a fact, for the feed is for ever."""

from core import purging
from outbox.models import Receipt

# Not by itself: a fact that is replayed after its receipt is gone is handled again, and only unique keys stand between
# it and a second effect.
purging.rows(
    "outbox_receipts", title="Receipts by which a handler knows a fact it has dealt with", days=400, is_daily=False,
    least_days=400, of=lambda before: Receipt.objects.filter(at__lt=before),
)  # fmt: skip
