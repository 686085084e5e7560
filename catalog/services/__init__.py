"""What somebody may ask of the catalog."""

from catalog.models import AddOnArchived, PlanArchived, PricePublished, VersionPublished
from catalog.offers import MixedCycles, PlanHasNoPrices
from catalog.services._addons import AddOnCodeTaken, AddOnHasNoPrices, CurrencyRepeated, archive_addon, create_addon
from catalog.services._archive import archive_plan
from catalog.services._create import PlanCodeTaken, create_plan
from catalog.services._new_price import NewPrice
from catalog.services._prices import create_price, delete_price, update_price
from catalog.services._publish import publish_version
from catalog.services._revise import NothingToPublish, revise_plan, update_plan
from catalog.services._terms import NewFeature, UnknownMeter

__all__ = [
    "AddOnArchived",
    "AddOnCodeTaken",
    "AddOnHasNoPrices",
    "CurrencyRepeated",
    "MixedCycles",
    "NewFeature",
    "NewPrice",
    "NothingToPublish",
    "PlanArchived",
    "PlanCodeTaken",
    "PlanHasNoPrices",
    "PricePublished",
    "UnknownMeter",
    "VersionPublished",
    "archive_addon",
    "archive_plan",
    "create_addon",
    "create_plan",
    "create_price",
    "delete_price",
    "publish_version",
    "revise_plan",
    "update_plan",
    "update_price",
]
