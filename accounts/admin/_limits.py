"""The form by which operators say how often a key or an environment may be asked."""

from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from core import console
from core.limits import HIGHEST, Limits

USUAL: Final = "as the settings say"


def _number(label: str) -> forms.IntegerField:
    return forms.IntegerField(
        required=False, min_value=1, max_value=HIGHEST, label=label, widget=UnfoldAdminIntegerFieldWidget(),
        help_text=f"Empty: {USUAL}.",
    )  # fmt: skip


class LimitsForm(console.ReasonForm):
    """All three limits as they are to be; it opens with what they are."""

    reads_per_minute = _number("Reads a minute")
    writes_per_minute = _number("Writes a minute")
    ingestion_per_second = _number("Usage events' requests a second")
    field_order = ("reads_per_minute", "writes_per_minute", "ingestion_per_second")


def initial(row: Any) -> dict[str, Any]:
    """This function will return what the form shows of a row at first."""
    return {name: getattr(row, name) for name in LimitsForm.field_order}


def said(limits: Limits) -> str:
    """This function will return limits in words, for an operator."""
    words = [
        (limits.reads_per_minute, "reads a minute"), (limits.writes_per_minute, "writes a minute"),
        (limits.ingestion_per_second, "ingestion requests a second"),
    ]  # fmt: skip
    return ", ".join(f"{limit:,} {what}" for limit, what in words if limit is not None) or USUAL
