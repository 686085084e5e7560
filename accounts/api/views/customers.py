"""`/customers`."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.response import Response

from accounts import services
from accounts.api.filters import CustomerFilters
from accounts.api.serializers import CreateCustomer, CustomerBody, UpdateCustomer, UpdateOwnCustomer
from accounts.models import Customer
from core import clock
from core.http.views import EVERY_SECRET_HOLDER, Listed, Request, Resource, Retrieved, created, ok


class Customers(Listed, Retrieved, Resource):
    """Whoever is billed. A customer sees and changes himself only."""

    scope = "customers"
    audience = EVERY_SECRET_HOLDER | {"customer"}
    audiences = {"create": EVERY_SECRET_HOLDER}
    prefix = "cus"
    customer_field = "id"
    serializer_class = CustomerBody
    filterset_class = CustomerFilters
    request_bodies = {"create": CreateCustomer, "partial_update": UpdateCustomer}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's customers."""
        return Customer.objects.all()

    def create(self, request: Request) -> Response:
        """This function will make a customer."""
        body = CreateCustomer.parse(request)
        customer = services.create_customer(**body, actor=request.actor, now=clock.now())
        return created(CustomerBody.of(customer))

    def partial_update(self, request: Request, pk: str) -> Response:
        """This function will change some of a customer's particulars."""
        changes = (UpdateOwnCustomer if request.actor.is_customer else UpdateCustomer).parse(request)
        customer = services.update_customer(
            customer_id=self.get_object().pk, changes=changes, actor=request.actor, now=clock.now()
        )
        return ok(CustomerBody.of(customer))
