"""How the console writes prices."""

from collections.abc import Iterable

from django.contrib.admin import display
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from catalog import formulas
from catalog.models import Price


def every(row: Price) -> str:
    """This function will return how often a price is charged."""
    if row.interval is None:
        return "once"
    return f"every {row.interval}" if row.interval_count == 1 else f"every {row.interval_count} {row.interval}s"


def formula(row: Price) -> str:
    """This function will return how a price computes, in one line."""
    return formulas.summary(row.as_formula())


def lines(rows: Iterable[Price]) -> SafeString:
    """This function will return one line per price: its name, how it computes, how often it is charged."""
    return format_html_join("", "<div>{} – {}, {}</div>", ((row.name, _in_currency(row), every(row)) for row in rows))


def _in_currency(row: Price) -> str:
    """Tiers are numbers alone, all other amounts name their currency."""
    return f"{row.currency} {formula(row)}" if row.tiers else formula(row)


class Formulated:
    """The readable columns of a price."""

    @display(description="Formula", ordering="model")
    def formula(self, row: Price) -> str:
        """This function will show how the price computes."""
        return formula(row)

    @display(description="Every", ordering="interval")
    def every(self, row: Price) -> str:
        """This function will show how often the price is charged."""
        return every(row).removeprefix("every ")
