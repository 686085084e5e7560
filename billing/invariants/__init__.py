"""What must hold over the whole database, for `manage.py check_invariants`."""

from billing.invariants import _books, _coupons, _credit_notes, _dunning, _invoices, _wallets

__all__ = ["_books", "_coupons", "_credit_notes", "_dunning", "_invoices", "_wallets"]
