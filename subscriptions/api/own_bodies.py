"""What customers read of their subscriptions: what concerns them, and no word that the seller wrote for himself.

Those who act for the seller read the bodies that these are made of.
"""

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.actor import Actor
from core.http.serializers import Choice
from subscriptions import reasons
from subscriptions.api.change_bodies import ChangedBody, ScheduledChangeBody
from subscriptions.api.history import SubscriptionEventBody
from subscriptions.api.serializers import SubscriptionBody
from subscriptions.models import ScheduledChange, Subscription, SubscriptionEvent

YOU: Final = "you"
SELLER: Final = "seller"
# What is the seller's, or is told by the line itself.
_UNTOLD: Final = frozenset({"mrr_minor", "reason", "comment"})


def who(label: str, asker: Actor) -> str:
    """This function will return who did something as a customer knows him."""
    return YOU if label == asker.label else SELLER


class OwnSubscriptionBody(SubscriptionBody):
    """A customer's own subscription. `reason` is a word of ours, and `comment` what he has said himself."""

    reason = serializers.SerializerMethodField()  # type: ignore[assignment]
    comment = serializers.SerializerMethodField()  # type: ignore[assignment]

    def get_reason(self, row: Subscription) -> str:
        """This function will return why it ends, unless somebody wrote that in his own words."""
        return row.reason if row.reason in reasons.ENDINGS else ""

    def get_comment(self, row: Subscription) -> str:
        """This function will return the comment, if the customer made it, which the view has asked for."""
        return row.comment if (row.pk, row.comment) in self.context["own_comments"] else ""


class OwnSubscriptionEventBody(SubscriptionEventBody):
    """One line of history as the customer reads it; `actor` is `you` or `seller`.

    `reason` and `comment` are his own, or a word of ours. What the subscription is worth is not told.
    """

    mrr_minor = None  # type: ignore[assignment]
    actor = serializers.SerializerMethodField()  # type: ignore[assignment]
    reason = serializers.SerializerMethodField()  # type: ignore[assignment]
    comment = serializers.SerializerMethodField()  # type: ignore[assignment]

    @extend_schema_field(Choice((YOU, SELLER)))
    def get_actor(self, row: SubscriptionEvent) -> str:
        """This function will return whether he did it himself."""
        return who(row.actor, self.context["asker"])

    def get_reason(self, row: SubscriptionEvent) -> str:
        """This function will return his own reason, or one in a word of ours."""
        is_told = self._is_his(row) or row.type in reasons.ALWAYS_OURS or row.reason in reasons.OURS
        return row.reason if is_told or row.reason.startswith(f"{ScheduledChange.prefix}_") else ""

    def get_comment(self, row: SubscriptionEvent) -> str:
        """This function will return his own comment."""
        return row.comment if self._is_his(row) else ""

    def get_changes(self, row: Any) -> list[Any]:
        """This function will return what differs from the line before, but for what is the seller's."""
        return [one for one in super().get_changes(row) if one["field"] not in _UNTOLD]

    def _is_his(self, row: SubscriptionEvent) -> bool:
        return who(row.actor, self.context["asker"]) == YOU


class OwnScheduledChangeBody(ScheduledChangeBody):
    """A scheduled change as the customer reads it; `created_by` is `you` or `seller`.

    `reason` is why it could not be done, or a word of ours for why it was withdrawn.
    """

    reason = serializers.SerializerMethodField()  # type: ignore[assignment]
    created_by = serializers.SerializerMethodField()  # type: ignore[assignment]

    def get_reason(self, row: ScheduledChange) -> str:
        """This function will return why, unless the seller may have written it."""
        is_told = row.state == ScheduledChange.State.FAILED or row.error in reasons.OURS
        return row.error if is_told or row.error == self.context.get("said") else ""

    @extend_schema_field(Choice((YOU, SELLER)))
    def get_created_by(self, row: ScheduledChange) -> str:
        """This function will return whether he asked for it himself."""
        return who(row.created_by, self.context["asker"])


class OwnChangedBody(ChangedBody):
    """The customer's subscription after the change, and the invoice that bills it, if there was something to bill."""

    change = OwnScheduledChangeBody(allow_null=True)
