"""The bodies of customers, keys, environments and logins."""

from typing import Any

from rest_framework import serializers

from accounts.models import ApiKey, Customer, Membership
from core.http.serializers import (
    Choice,
    Currency,
    Email,
    Instant,
    Metadata,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictInt,
    StrictString,
    Timezone,
)
from core.models import MOST_ORIGINS, ORIGIN

COUNTRY = r"[A-Z]{2}"
# The form of a tax id as people write it; whether it is one of its scheme is the verb's question.
TAX_ID = r"[A-Z0-9][A-Z0-9 ./-]{1,29}"
MOST_TAX_IDS = 10
LONGEST_OVERLAP_HOURS = 168
LONGEST_JUMP_DAYS = 3660


class Password(StrictString):
    """A password, taken exactly as it is typed, spaces included."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=128, **options)

    def to_internal_value(self, data: object) -> str:
        """This function will check the text and return it unchanged."""
        super().to_internal_value(data)
        return str(data)


class Address(RequestBody):
    line1 = StrictString(max_length=200, required=False, allow_blank=True)
    line2 = StrictString(max_length=200, required=False, allow_blank=True)
    city = StrictString(max_length=100, required=False, allow_blank=True)
    postal_code = StrictString(max_length=20, required=False, allow_blank=True)
    state = StrictString(max_length=100, required=False, allow_blank=True)


class TaxId(RequestBody):
    type = StrictString(max_length=20, pattern=r"[a-z]{2}_[a-z_]{2,16}")
    value = StrictString(max_length=30, pattern=TAX_ID)


class UpdateOwnCustomer(RequestBody):
    """What a customer may change of himself."""

    name = StrictString(max_length=200, required=False, allow_blank=True)
    timezone = Timezone(required=False)
    country = StrictString(max_length=2, pattern=COUNTRY, required=False, allow_null=True)
    address = Address(required=False)


class UpdateCustomer(UpdateOwnCustomer):
    email = Email(required=False)
    external_ref = StrictString(max_length=200, required=False, allow_null=True)
    currency = Currency(required=False, allow_null=True)
    tax_ids = TaxId(many=True, required=False, max_length=MOST_TAX_IDS)  # type: ignore[call-arg]
    tax_exemption = Choice(Customer.TaxExemption.choices, required=False)
    metadata = Metadata(required=False)


class CreateCustomer(UpdateCustomer):
    email = Email()


class CustomerBody(ResponseBody):
    id = serializers.CharField(source="public_id")
    external_ref = StrictString(allow_null=True)
    email = StrictString()
    email_verified_at = Instant(allow_null=True)
    name = StrictString()
    currency = Currency(allow_null=True)
    timezone = Timezone()
    country = StrictString(allow_null=True)
    address = serializers.DictField(child=serializers.CharField())
    tax_ids = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    tax_exemption = Choice(Customer.TaxExemption.choices)
    metadata = Metadata()
    created_at = Instant()
    updated_at = Instant()


class CreateApiKey(RequestBody):
    name = StrictString(max_length=200, required=False, allow_blank=True)
    type = Choice(("secret", "publishable"), required=False)
    scopes = serializers.ListField(child=StrictString(max_length=60), required=False, min_length=1, max_length=50)
    expires_at = Instant(required=False, allow_null=True)


class RotateApiKey(RequestBody):
    overlap_hours = StrictInt(min_value=0, max_value=LONGEST_OVERLAP_HOURS, required=False)


class InviteMember(RequestBody):
    email = Email()
    role = Choice(Membership.Role.choices)
    name = StrictString(max_length=200, required=False, allow_blank=True)


class ChangeMemberRole(RequestBody):
    role = Choice(Membership.Role.choices)
    reason = StrictString(max_length=500, required=False, allow_blank=True)


class MemberBody(ResponseBody):
    """`has_password` is false until the invitation was followed."""

    id = serializers.CharField(source="public_id")
    user = serializers.CharField(source="user.public_id")
    email = StrictString(source="user.email")
    name = StrictString(source="user.name")
    role = Choice(Membership.Role.choices)
    has_password = serializers.BooleanField(source="user.has_usable_password")
    created_at = Instant()


class Decide(RequestBody):
    reason = StrictString(max_length=500, required=False, allow_blank=True)


class ApiKeyBody(ResponseBody):
    id = serializers.CharField(source="public_id")
    type = Choice(ApiKey.Type.choices)
    name = StrictString()
    lookup = StrictString()
    last_four = StrictString()
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = Instant()
    expires_at = Instant(allow_null=True)
    revoked_at = Instant(allow_null=True)
    last_used_at = Instant(allow_null=True)


class IssuedApiKeyBody(ApiKeyBody):
    """`secret` is shown this once; a repeat of the request is told null."""

    secret = serializers.CharField(allow_null=True)


class EnvironmentBody(ResponseBody):
    id = serializers.CharField(source="public_id")
    kind = Choice(("live", "sandbox"))
    slug = StrictString()
    clock_at = Instant(allow_null=True)
    advancing_to = Instant(allow_null=True)
    allowed_origins = serializers.ListField(child=serializers.CharField())


class MoveBody(ResponseBody):
    """The last move of a clock; `counts` are its facts by type."""

    starts_at = Instant()
    to = Instant()
    percent = StrictInt()
    facts = StrictInt()
    counts = serializers.DictField(child=serializers.IntegerField())


class HappenedBody(ResponseBody):
    """A fact, as the feed tells it."""

    id = StrictString()
    sequence = StrictInt()
    type = StrictString()
    subject = StrictString()
    actor = StrictString()
    at = Instant()
    data = serializers.DictField()  # type: ignore[assignment]


class ClockBody(ResponseBody):
    """A clock and a stretch of what happened in its last move; pass `last_sequence` as `after` to read on."""

    environment = StrictString()
    state = Choice(("real_time", "stopped", "moving"))
    now = Instant()
    clock_at = Instant(allow_null=True)
    advancing_to = Instant(allow_null=True)
    move = MoveBody(allow_null=True)
    happened = HappenedBody(many=True)
    last_sequence = StrictInt()


class UpdateEnvironment(RequestBody):
    """All origins, such as `https://shop.example`, whose web pages may read the answers."""

    allowed_origins = serializers.ListField(
        child=StrictString(max_length=200, pattern=ORIGIN), max_length=MOST_ORIGINS, required=False
    )


class AdvanceClock(RequestBody):
    """One of both."""

    to = Instant(required=False)
    by_days = StrictInt(min_value=1, max_value=LONGEST_JUMP_DAYS, required=False)

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        """This function will refuse a body with both members or with none."""
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either to or by_days.", code="one_of_required")
        return attrs


class Register(RequestBody):
    email = Email()
    password = Password()
    name = StrictString(max_length=200, required=False, allow_blank=True)
    timezone = Timezone(required=False)
    country = StrictString(max_length=2, pattern=COUNTRY, required=False, allow_null=True)


class LogIn(RequestBody):
    """Customers send a publishable key; members name the environment, and a code when one is enrolled."""

    email = Email()
    password = Password()
    environment = PublicId("env", required=False, source="environment_id")
    code = StrictString(max_length=20, required=False)


class Refresh(RequestBody):
    refresh_token = StrictString(max_length=200)


class LogOut(RequestBody):
    """Without a refresh token every session ends."""

    refresh_token = StrictString(max_length=200, required=False)


class ChangePassword(RequestBody):
    current_password = Password(source="current")
    new_password = Password(source="new")


class ForgotPassword(RequestBody):
    email = Email()


class EmailBody(ResponseBody):
    email = StrictString()


class VerifyEmail(RequestBody):
    token = StrictString(max_length=200)


class StepUp(RequestBody):
    """The password once more, and a code of the authenticator app when one is enrolled."""

    password = Password()
    code = StrictString(max_length=20, required=False)


class ResetPassword(RequestBody):
    token = StrictString(max_length=200)
    password = Password()


class TokensBody(ResponseBody):
    subject = serializers.CharField()
    token_type = serializers.CharField()
    access_token = serializers.CharField(allow_null=True)
    expires_in = serializers.IntegerField()
    refresh_token = serializers.CharField(allow_null=True)


class RegisteredBody(TokensBody):
    customer = CustomerBody()


class MeBody(ResponseBody):
    """Who asks; `customer` is null unless a customer does."""

    type = serializers.CharField()
    id = serializers.CharField()
    role = serializers.CharField(allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField())
    environment = EnvironmentBody()
    customer = CustomerBody(allow_null=True)
