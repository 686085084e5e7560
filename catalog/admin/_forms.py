"""Editing the prices of a draft."""

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

from catalog.formulas import plain
from catalog.models import Price
from catalog.pricing import InvalidPrice, Tier
from catalog.services import NewPrice
from catalog.shapes import AMOUNTS
from core.errors import Invalid

TIERS = 'Such as [{"up_to": "10", "unit_amount": "0.50"}, {"up_to": null, "unit_amount": "0.40", "flat_amount": "2"}].'


class VersionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A draft has no fields of its own to edit; its prices and features are on the page."""

    class Meta:
        fields: tuple[str, ...] = ()


class PriceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A price of a draft. What the verbs would refuse is refused here too, beside the field that is wrong."""

    tiers = forms.JSONField(required=False, help_text=TIERS, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))

    class Meta:
        model = Price
        # The page names them, when there is an environment whose meters can be chosen from.
        fields: tuple[str, ...] = ()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name in AMOUNTS:
            stored = self.initial.get(name)
            if isinstance(stored, Decimal):
                self.initial[name] = Decimal(plain(stored))  # without the zeros that only the column needs

    def clean(self) -> dict[str, Any]:
        """This function will complete the price and refuse what makes no sense."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return given
        try:
            self.cleaned_data |= _columns(given)
        except Invalid as refused:
            field = refused.members.get("field", "currency")
            self.add_error(field if field in self.fields else None, refused.detail)
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Once a field is named, the rules of the table would only say the same again, in their own words."""
        if not self.errors:
            super()._post_clean()  # type: ignore[misc]


def _columns(given: Mapping[str, Any]) -> dict[str, Any]:
    if given["interval"] is None:
        raise InvalidPrice(field="interval")
    told = {one.name: given[one.name] for one in fields(NewPrice) if one.name in given}
    meter = given["meter"]
    told |= {"tiers": _tiers(given["tiers"]), "meter_id": meter.pk if meter else None}
    columns = NewPrice(**told).columns()
    del columns["meter_id"]
    return columns


def _tiers(document: Any) -> tuple[Tier, ...]:
    if not isinstance(document or [], list):
        raise InvalidPrice(field="tiers")
    return tuple(_tier(one) for one in document or [])


def _tier(document: Any) -> Tier:
    if not isinstance(document, dict) or not set(document) <= {"up_to", "unit_amount", "flat_amount"}:
        raise InvalidPrice(field="tiers")
    up_to = document.get("up_to")
    return Tier(
        up_to=None if up_to is None else _decimal(up_to),
        unit_amount=_decimal(document.get("unit_amount", "0")),
        flat_amount=_decimal(document.get("flat_amount", "0")),
    )


def _decimal(text: Any) -> Decimal:
    """Only text and whole numbers: a JSON number with a fraction has been a binary one on the way here."""
    try:
        if isinstance(text, bool) or not isinstance(text, (str, int)):
            raise InvalidPrice(field="tiers")
        return Decimal(text)
    except InvalidOperation:
        raise InvalidPrice(field="tiers") from None
