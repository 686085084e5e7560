"""From checked bodies to what verbs take."""

from collections.abc import Mapping
from typing import Any

from catalog.models import AddOn
from catalog.pricing import Tier
from catalog.services import NewFeature, NewPrice


def members(body: Mapping[str, Any]) -> dict[str, Any]:
    """This function will return a price's members as `NewPrice` has them."""
    tiers = {"tiers": tuple(Tier(**one) for one in body["tiers"])} if "tiers" in body else {}
    return {**body, **tiers}


def price(body: Mapping[str, Any]) -> NewPrice:
    """This function will return the price that a body asks for."""
    return NewPrice(**members(body))


def plan(body: dict[str, Any]) -> dict[str, Any]:
    """This function will return a plan's body with its prices and features as verbs take them."""
    if "prices" in body:
        body["prices"] = [price(one) for one in body["prices"]]
    if "features" in body:
        body["features"] = [NewFeature(**one) for one in body["features"]]
    return body


def addon(body: dict[str, Any]) -> dict[str, Any]:
    """This function will return an add-on's body with its prices as verbs take them."""
    unless_given: dict[str, Any] = {"name": body["name"]}
    if body.get("kind") == AddOn.Kind.ONE_OFF:
        unless_given["interval"] = None
    return body | {"prices": [price(unless_given | dict(one)) for one in body["prices"]]}
