"""Wallets and statements over HTTP."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts import selectors as customers
from billing import selectors, services
from billing.api.filters import WalletFilters, WalletTransactionFilters
from billing.api.serializers import (
    CreateWallet,
    DebitWallet,
    GrantPromotion,
    InvoiceBody,
    LotBody,
    ReverseDebit,
    StatementBody,
    TopUp,
    UpdateWallet,
    WalletBody,
    WalletTransactionBody,
    WalletWithLotsBody,
)
from billing.models import Invoice, Wallet, WalletLot, WalletTransaction
from core import clock, errors, ids
from core.http import fields, refusals
from core.http.approvals import ApprovalBody, approval_body
from core.http.views import EVERY_SECRET_HOLDER, Listed, Request, Resource, Retrieved, accepted, created, ok

EVERYBODY_WITH_A_WALLET = EVERY_SECRET_HOLDER | {"customer"}
# What a statement covers unless it is asked for another period.
USUAL_PERIOD = timedelta(days=90)


class Wallets(Listed, Retrieved, Resource):
    """Stored value, one wallet per customer and currency; the newest first."""

    scope = "wallets"
    prefix = "wal"
    customer_field = "customer_id"
    audience = EVERYBODY_WITH_A_WALLET
    audiences = {
        "create": EVERY_SECRET_HOLDER, "partial_update": EVERY_SECRET_HOLDER, "grant": EVERY_SECRET_HOLDER,
        "debit": EVERY_SECRET_HOLDER, "reverse": EVERY_SECRET_HOLDER,
    }  # fmt: skip
    serializer_class = WalletBody
    filterset_class = WalletFilters
    request_bodies = {
        "create": CreateWallet, "partial_update": UpdateWallet, "top_up": TopUp, "grant": GrantPromotion,
        "debit": DebitWallet, "reverse": ReverseDebit,
    }  # fmt: skip
    responses = {
        "retrieve": WalletWithLotsBody, "create": {201: WalletBody}, "partial_update": WalletBody,
        "top_up": {201: InvoiceBody}, "grant": {201: LotBody, 202: ApprovalBody}, "debit": {201: WalletTransactionBody},
        "reverse": {201: WalletTransactionBody},
    }  # fmt: skip

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's wallets with what they can pay now."""
        wallets = Wallet.objects.with_usable(at=clock.now())
        if self.action != "retrieve":
            return wallets
        lots = WalletLot.objects.with_value().order_by("id")
        return wallets.prefetch_related(Prefetch("lots", queryset=lots, to_attr="lots_with_value"))

    def get_serializer_class(self) -> Any:
        """This function will return the shape of one wallet, or of one among many."""
        return WalletWithLotsBody if self.action == "retrieve" else WalletBody

    def create(self, request: Request) -> Response:
        """This function will open a wallet for a customer."""
        body = CreateWallet.parse(request)
        wallet = services.create_wallet(**body, actor=request.actor, now=clock.now())
        return created(WalletBody.of(self.rows().get(pk=wallet.pk)))

    def partial_update(self, request: Request, pk: str) -> Response:
        """This function will have value bought by itself below a threshold, or no longer."""
        rule = UpdateWallet.parse(request)["auto_top_up"] or {"below_minor": None, "amount_minor": None}
        services.configure_auto_top_up(wallet_id=self.key, actor=request.actor, now=clock.now(), **rule)
        return ok(WalletBody.of(self.get_object()))

    @action(detail=True, methods=["post"], url_path="top-up")
    def top_up(self, request: Request, pk: str) -> Response:
        """This function will sell value for a wallet and answer the invoice; the value comes in when it is paid."""
        body = _keyed(request, TopUp.parse(request))
        wallet = self.get_object()
        invoice = services.top_up_wallet(wallet_id=wallet.pk, actor=request.actor, now=clock.now(), **body)
        return created(InvoiceBody.of(Invoice.objects.prefetch_related("lines").get(pk=invoice.id)))

    @action(detail=True, methods=["post"])
    def grant(self, request: Request, pk: str) -> Response:
        """This function will give a customer value for nothing."""
        body = _keyed(request, GrantPromotion.parse(request))
        done = services.grant_or_ask(wallet_id=self.key, actor=request.actor, now=clock.now(), **body)
        return created(LotBody.of(done)) if isinstance(done, WalletLot) else accepted(approval_body(done))

    @action(detail=True, methods=["post"])
    def debit(self, request: Request, pk: str) -> Response:
        """This function will take value from a wallet without an invoice, all of it or nothing."""
        body = _keyed(request, DebitWallet.parse(request))
        row = services.debit_wallet(wallet_id=self.key, actor=request.actor, now=clock.now(), **body)
        return created(WalletTransactionBody.of(_shown(row)))

    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, pk: str) -> Response:
        """This function will take a debit back, into the very lots it came from."""
        body = ReverseDebit.parse(request)
        row = services.reverse_debit(wallet_id=self.key, actor=request.actor, now=clock.now(), **body)
        return created(WalletTransactionBody.of(_shown(row)))


class WalletTransactions(Listed, Resource):
    """`/wallets/{id}/transactions`: what moved a wallet, with the lots it moved."""

    scope = "wallets"
    customer_field = "wallet__customer_id"
    audience = EVERYBODY_WITH_A_WALLET
    serializer_class = WalletTransactionBody
    filterset_class = WalletTransactionFilters

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the wallet's transactions with their fundings fetched.

        :raises core.errors.NotFound: if there is no such wallet, or it is somebody else's.
        """
        own: dict[str, Any] = {"customer_id": self.actor.customer_id} if self.actor.is_customer else {}
        wallet = Wallet.objects.filter(pk=ids.decode("wal", self.kwargs["wallet"]), **own)
        if not wallet.exists():
            raise errors.NotFound
        return WalletTransaction.objects.filter(wallet__in=wallet).prefetch_related("fundings")


class Statements(Resource):
    """What a customer owed over a period, event by event, and his wallet beside it."""

    scope = "statements"
    audience = EVERYBODY_WITH_A_WALLET
    serializer_class = StatementBody
    query_parameters = ("customer", "currency", "from", "to")
    responses = {"retrieve": StatementBody}

    def retrieve(self, request: Request) -> Response:
        """This function will answer a customer's statement of [from, to), by default of the last 90 days."""
        ends_at = self._instant("to") or clock.now()
        starts_at = self._instant("from") or ends_at - USUAL_PERIOD
        customer_id = self._customer()
        found = selectors.get_statement(customer_id, self._currency(), starts_at=starts_at, ends_at=ends_at)
        return ok(StatementBody.of(found))

    def _customer(self) -> UUID:
        name = self.request.query_params.get("customer")
        if name is None:
            return self.actor.customer_id or _refuse("customer")
        found = customers.find_customer(name)
        if found is None or (self.actor.is_customer and found.id != self.actor.customer_id):
            raise errors.NotFound
        return found.id

    def _currency(self) -> str:
        return str(self._read("currency", fields.Currency()) or _refuse("currency"))

    def _instant(self, name: str) -> datetime | None:
        found: datetime | None = self._read(name, fields.Instant())
        return found

    def _read(self, name: str, field: Any) -> Any:
        text = self.request.query_params.get(name)
        try:
            return None if text is None else field.to_internal_value(text)
        except (ValidationError, errors.Refusal):
            _refuse(name)


def _refuse(name: str) -> Any:
    raise refusals.InvalidParameter(f"The value of {name} is missing or not valid.", parameter=name)


def _keyed(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return {"key": request.headers["Idempotency-Key"]} | body


def _shown(row: WalletTransaction) -> WalletTransaction:
    return WalletTransaction.objects.prefetch_related("fundings").get(pk=row.pk)
