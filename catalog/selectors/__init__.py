"""Answers about plans, prices and add-ons for other apps, frozen."""

from catalog.pricing import Rating, Step
from catalog.selectors._names import list_names
from catalog.selectors._plans import PlanNotPublished, PlanView, find_plan, get_current_terms, get_terms, list_terms
from catalog.selectors._prices import (
    AddOnView,
    find_addon,
    find_price,
    get_addon,
    get_price,
    list_addons,
    list_prices,
)
from catalog.selectors._terms import CurrencyNotOffered, FeatureTerms, PlanTerms, PriceTerms
from catalog.selectors._versions import VersionView, list_versions

__all__ = [
    "AddOnView",
    "CurrencyNotOffered",
    "FeatureTerms",
    "PlanNotPublished",
    "PlanTerms",
    "PlanView",
    "PriceTerms",
    "Rating",
    "Step",
    "VersionView",
    "find_addon",
    "find_plan",
    "find_price",
    "get_addon",
    "get_current_terms",
    "get_price",
    "get_terms",
    "list_addons",
    "list_names",
    "list_prices",
    "list_terms",
    "list_versions",
]
