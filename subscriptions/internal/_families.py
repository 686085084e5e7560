"""At most one live subscription of a customer in each family of plans."""

from core import errors, problems


class LiveSubscriptionExists(errors.Conflict):
    code = "live_subscription_exists"
    title = "The customer has a live subscription of this family already."


# The unique index decides; two parallel requests cannot both get past a check in Python.
problems.constraint("subscriptions_subscription_one_live_per_family", LiveSubscriptionExists)
