"""Customers and keys for tests, made by the same verbs as everywhere."""

from collections.abc import Iterable
from itertools import count
from typing import Any

from accounts import services
from accounts.models import Customer
from core import clock
from core.actor import SYSTEM

PASSWORD = "correct horse battery staple"
_numbers = count(1)


def make_customer(**particulars: Any) -> Customer:
    """Make a customer of the environment in scope."""
    particulars.setdefault("email", f"customer{next(_numbers)}@example.com")
    particulars.setdefault("now", clock.now())
    return services.create_customer(**{"actor": SYSTEM, **particulars})


def make_key(scopes: Iterable[str] = ("read", "write"), **particulars: Any) -> str:
    """Issue an API key of the environment in scope and return its secret."""
    particulars.setdefault("now", clock.wall())
    return services.issue_api_key(scopes=scopes, **{"actor": SYSTEM, **particulars}).secret


def register(email: str = "ada@example.com", password: str = PASSWORD) -> tuple[Customer, services.Tokens]:
    """Register a customer with a login in the environment in scope."""
    hashed = services.hash_new_password(email=email, password=password)
    return services.register_customer(
        email=email, password_hash=hashed, actor=SYSTEM, now=clock.now(), wall=clock.wall()
    )
