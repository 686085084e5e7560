"""What somebody may ask of the catalog."""

from catalog.models import PlanArchived, VersionPublished
from catalog.offers import MixedCycles, PlanHasNoPrices
from catalog.services._archive import archive_plan
from catalog.services._create import PlanCodeTaken, create_plan
from catalog.services._publish import publish_version
from catalog.services._revise import NothingToPublish, revise_plan, update_plan
from catalog.services._terms import NewFeature, NewPrice, UnknownMeter

__all__ = [
    "MixedCycles",
    "NewFeature",
    "NewPrice",
    "NothingToPublish",
    "PlanArchived",
    "PlanCodeTaken",
    "PlanHasNoPrices",
    "UnknownMeter",
    "VersionPublished",
    "archive_plan",
    "create_plan",
    "publish_version",
    "revise_plan",
    "update_plan",
]
