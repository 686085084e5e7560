"""The console's pages of billing."""

from billing.admin import _books, _coupons, _credit_notes, _dunning, _invoices, _taxes, _wallets

__all__ = ["_books", "_coupons", "_credit_notes", "_dunning", "_invoices", "_taxes", "_wallets"]
