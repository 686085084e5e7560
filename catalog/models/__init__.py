"""Plans, their frozen versions, add-ons, and what they cost and grant."""

from catalog.models._addons import AddOn, AddOnArchived
from catalog.models._features import PlanFeature
from catalog.models._plans import Plan, PlanArchived, PlanVersion, VersionPublished
from catalog.models._prices import INTERVALS, Price, PricePublished

__all__ = [
    "INTERVALS",
    "AddOn",
    "AddOnArchived",
    "Plan",
    "PlanArchived",
    "PlanFeature",
    "PlanVersion",
    "Price",
    "PricePublished",
    "VersionPublished",
]
