"""A small company that has one of everything, made over the API: for tests that look at all pages."""

from typing import Any, Protocol

from core import ids

CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}


class Caller(Protocol):
    """Whoever can post to the API as a backend."""

    def post(self, path: str, body: Any) -> Any:
        """This function will post a body and return the answer, which has `.json()`."""


class Company:
    """Sells one plan with a seat price, a usage price and a limit."""

    def __init__(self, api: Caller) -> None:
        self.api = api
        self.plan = self.meter = ""

    def _post(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.api.post(f"/api/v1/{path}", body)
        found: dict[str, Any] = answer.json()
        assert "status" not in found or not isinstance(found["status"], int), found
        return found

    def open(self) -> None:
        """This function will make the meter, the plan and an add-on."""
        self.meter = self._post("meters", {"code": "api_calls", "name": "API calls", "aggregation": "count"})["id"]
        seats = {"name": "Seats", "currency": "USD", "model": "per_unit", "unit_amount": "29.00", "interval": "month"}
        calls = {
            "name": "API calls", "currency": "USD", "kind": "usage", "model": "per_unit", "unit_amount": "0.02",
            "interval": "month", "billed": "arrears", "meter": self.meter,
        }  # fmt: skip
        limit = {"code": "api_calls", "name": "API calls", "kind": "metered", "limit": "10", "limit_kind": "hard"}
        plan = {"code": "pro", "name": "Pro", "prices": [seats, calls], "features": [limit], "publish": True}
        self.plan = self._post("plans", plan)["id"]
        support = {"name": "Support", "currency": "USD", "unit_amount": "49.00", "interval": "month"}
        self._post("addons", {"code": "support", "name": "Support", "prices": [support]})

    def welcome(self, name: str) -> str:
        """This function will make a customer with a card, a subscription, an event and a gift; it returns his id."""
        email = f"{name.split()[0].lower()}@acme.example"
        customer: str = self._post("customers", {"email": email, "name": name, "country": "US"})["id"]
        self._post("payment-methods", {"customer": customer, "card": CARD})
        self._post("subscriptions", {"customer": customer, "plan": self.plan, "quantity": 2})
        self._post("events", {"id": str(ids.new()), "meter": "api_calls", "customer": customer})
        gift = {"buyer": customer, "plan": self.plan, "intervals": 3, "recipient": {"email": "friend@acme.example"}}
        self._post("gifts", gift)
        return customer

    def use(self, customer: str) -> None:
        """This function will use what the customer's paid subscription entitles him to."""
        self._post("usage/use", {"feature": "api_calls", "customer": customer})
