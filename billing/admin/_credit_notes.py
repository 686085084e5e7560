"""The console's pages of credit notes, and the form that asks for one."""

from decimal import Decimal

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from billing.admin import _printed
from billing.models import CreditNote, CreditNoteLine
from core import console, ids, money

BY_ITSELF = ("", "Refund what was paid, else into the wallet")
HOW = {"refund": "Refund", "wallet": "Into the wallet", "out_of_band": "Out of band"}


class CreditForm(console.ReasonForm):
    """How much is taken back, why, and where it goes. The hidden key lets a form that is sent twice count once."""

    amount = forms.DecimalField(
        required=False, min_value=Decimal(0), max_digits=18, decimal_places=4, widget=UnfoldAdminDecimalFieldWidget(),
        help_text="With tax, in the invoice's currency, such as 25.00. Empty: all that is left.",
    )  # fmt: skip
    because = forms.ChoiceField(choices=CreditNote.Reason.choices, widget=UnfoldAdminSelectWidget())
    settle = forms.ChoiceField(
        required=False, label="What is not due goes", choices=[BY_ITSELF, *HOW.items()],
        widget=UnfoldAdminSelectWidget(), help_text="What is due is reduced first.",
    )  # fmt: skip
    memo = forms.CharField(
        required=False, max_length=500, widget=UnfoldAdminTextInputWidget(), help_text="Printed on the credit note."
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=60, initial=lambda: str(ids.new()))
    field_order = ("amount", "because", "settle", "memo")


def exact(amount: Decimal | None, currency: str) -> int | None:
    """This function will return the minor units of what an operator typed; nothing is rounded away.

    :raises core.money.AmountOutOfRange: if the currency has fewer places.
    """
    if amount is None:
        return None
    minor = money.to_minor(amount, currency)
    if money.to_major(minor, currency) != amount:
        raise money.AmountOutOfRange(f"{currency} has fewer places than {amount}.")
    return minor


class Lines(console.ConsoleInline):
    model = CreditNoteLine
    fields = ("position", "description", "amount_minor", "tax_minor", "total_minor")


@admin.register(CreditNote)
class CreditNoteAdmin(console.ConsoleAdmin):
    list_display = (
        "number", "invoice", "customer", "reason", "total_minor", "due_minor", "refund_minor", "wallet_minor",
        "out_of_band_minor", "issued_at",
    )  # fmt: skip
    list_filter = ("reason", "currency", "issued_at")
    search_fields = ("number", "invoice__number", "invoice__reference", "customer__email", "customer__external_ref")
    ordering = ("-id",)
    fields = (
        "number", "invoice", "customer", "reason", "memo", "subtotal_minor", "tax_minor", "total_minor", "due_minor",
        "refund_minor", "wallet_minor", "out_of_band_minor", "books", "issued_at", "issuer_snapshot",
        "customer_snapshot", "key",
    )  # fmt: skip
    readonly_fields = ("books",)
    inlines = (Lines,)
    actions_detail = ("pdf",)

    pdf = _printed.opener("credit_note", description="PDF")

    @admin.display(description="In the books")
    def books(self, row: CreditNote) -> str:
        """This function will link the note's journals."""
        return console.links({"Journals of this credit note": ("billing.journal", {"q": row.public_id})})


class CreditNotes(console.ConsoleInline):
    """The notes of an invoice, on its page."""

    model = CreditNote
    fields = ("number", "reason", "total_minor", "due_minor", "refund_minor", "wallet_minor", "out_of_band_minor")
    ordering = ("id",)
    show_change_link = True
    verbose_name_plural = "Credit notes"
