"""People, keys and customers: who may ask, and on whose behalf."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from core import errors, ids
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class CurrencyMismatch(errors.Conflict):
    code = "currency_mismatch"
    title = "The customer is billed in another currency."


class CurrencyFixed(errors.Conflict):
    code = "customer_currency_fixed"
    title = "The customer has been billed already; the currency can no longer change."


class ApiKeyEnded(errors.Conflict):
    code = "api_key_ended"
    title = "The API key has been revoked or has expired."


class UserManager(BaseUserManager["User"]):
    """What Django's own commands and the console's login ask of users."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """This function will return the user of an e-mail address in any case; raises `User.DoesNotExist`."""
        return self.get(email=(username or "").strip().lower())

    def create_superuser(self, email: str, password: str, **extra: Any) -> "User":
        """This function will create an operator, for `manage.py createsuperuser`."""
        user = User(email=email.strip().lower(), is_staff=True, is_superuser=True, **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person of the house or of a tenant: operators log in at the console, members also over the API. Global."""

    prefix: ClassVar[str] = "usr"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True, default="")
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    # Every token carries it: raising it ends all sessions at once.
    session_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="accounts_user_email_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def public_id(self) -> str:
        return ids.encode(self.prefix, self.id)


class Membership(models.Model):
    """A user's place in a tenant."""

    class Role(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        FINANCE = "finance"
        SUPPORT = "support"
        DEVELOPER = "developer"
        VIEWER = "viewer"

    prefix: ClassVar[str] = "mem"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    tenant = models.ForeignKey("core.Tenant", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=Role.choices)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "tenant"], name="accounts_membership_once_per_tenant"),
            models.CheckConstraint(
                condition=Q(role__in=("owner", "admin", "finance", "support", "developer", "viewer")),
                name="accounts_membership_known_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {ids.encode(self.prefix, self.id)}"


class ApiKeyQuerySet(ScopedQuerySet["ApiKey"]):
    def usable(self, *, at: datetime) -> "ApiKeyQuerySet":
        """The keys that open the door at an instant: neither revoked nor expired by then."""
        return self.filter(Q(revoked_at=None) | Q(revoked_at__gt=at), Q(expires_at=None) | Q(expires_at__gt=at))


ApiKeyManager = ScopedManager.from_queryset(ApiKeyQuerySet)


class ApiKey(ScopedRow):
    """A credential of a program. Only its hash is kept; `lookup` and `last_four` let people recognize it.

    A `revoked_at` in the future is the overlap of a rotation: until then the old key works beside the new one. Its
    instants are the machine's, so that a sandbox's travelling clock neither opens nor closes a door.
    """

    class Type(models.TextChoices):
        SECRET = "secret"
        PUBLISHABLE = "publishable"
        SYSTEM = "system"

    prefix: ClassVar[str] = "key"

    type = models.CharField(max_length=11, choices=Type.choices)
    name = models.CharField(max_length=200, blank=True, default="")
    lookup = models.CharField(max_length=8, unique=True)
    hash = models.BinaryField(max_length=32)
    last_four = models.CharField(max_length=4)
    scopes = ArrayField(models.CharField(max_length=60), default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ApiKeyManager["ApiKey"]] = ApiKeyManager()

    class Meta:
        verbose_name = "API key"
        permissions: ClassVar = [("revoke_apikey", "Can revoke an API key")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(type__in=("secret", "publishable", "system")), name="accounts_apikey_known_type"
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")),
                name="accounts_apikey_expires_after_birth",
            ),
        ]

    def is_usable(self, *, at: datetime) -> bool:
        """This function will tell whether the key is neither revoked nor expired at an instant."""
        return not any(end is not None and end <= at for end in (self.revoked_at, self.expires_at))

    def revoke(self, *, at: datetime) -> None:
        """This function will end the key at an instant, which may lie ahead and never moves back out.

        :raises ApiKeyEnded: if it has ended by then already.
        """
        if self.revoked_at is not None and self.revoked_at <= at:
            raise ApiKeyEnded
        self.revoked_at = at


class CustomerQuerySet(ScopedQuerySet["Customer"]):
    def newest_first(self) -> "CustomerQuerySet":
        """Ids sort by the time of creation."""
        return self.order_by("-id")

    def known_as(self, reference: str, customer_id: UUID | None) -> "CustomerQuerySet":
        """The customer of an external reference or of an id."""
        return self.filter(Q(external_ref=reference) | Q(pk=customer_id))


CustomerManager = ScopedManager.from_queryset(CustomerQuerySet)


class Customer(ScopedRow):
    """Somebody who is billed."""

    class TaxExemption(models.TextChoices):
        NONE = "none"
        EXEMPT = "exempt"
        REVERSE_CHARGE = "reverse_charge"

    prefix: ClassVar[str] = "cus"

    external_ref = models.CharField(max_length=200, null=True, blank=True)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=200, blank=True, default="")
    currency = models.CharField(max_length=3, null=True, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    # Set by the first invoice: from then on the customer is billed in this currency for good.
    is_currency_fixed = models.BooleanField(default=False)
    country = models.CharField(max_length=2, null=True, blank=True)
    address = models.JSONField(default=dict, blank=True)
    tax_ids = models.JSONField(default=list, blank=True)
    tax_exemption = models.CharField(max_length=14, choices=TaxExemption.choices, default=TaxExemption.NONE)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects: ClassVar[CustomerManager["Customer"]] = CustomerManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "external_ref"], name="accounts_customer_external_ref_once"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="accounts_customer_email_is_lower_case"),
            models.CheckConstraint(
                condition=Q(currency=None) | Q(currency__regex=r"^[A-Z]{3}$"), name="accounts_customer_currency_code"
            ),
            models.CheckConstraint(
                condition=Q(country=None) | Q(country__regex=r"^[A-Z]{2}$"), name="accounts_customer_country_code"
            ),
            models.CheckConstraint(condition=~Q(external_ref=""), name="accounts_customer_external_ref_not_empty"),
            models.CheckConstraint(
                condition=Q(tax_exemption__in=("none", "exempt", "reverse_charge")),
                name="accounts_customer_known_tax_exemption",
            ),
            models.CheckConstraint(
                condition=Q(is_currency_fixed=False) | Q(currency__isnull=False),
                name="accounts_customer_fixed_currency",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["environment", "email"], name="accounts_customer_email")]

    def __str__(self) -> str:
        return f"{self.name or self.email} ({self.public_id})"

    def fix_currency(self, currency: str) -> None:
        """This function will fix the customer's currency for good.

        :raises CurrencyMismatch: if the customer has another.
        """
        if self.currency not in (None, currency):
            raise CurrencyMismatch(customer_currency=self.currency, currency=currency)
        self.currency, self.is_currency_fixed = currency, True

    def change_currency(self, currency: str | None) -> None:
        """This function will change a currency nothing has been billed in yet.

        :raises CurrencyFixed: if an invoice has fixed another.
        """
        if self.is_currency_fixed and currency != self.currency:
            raise CurrencyFixed(currency=self.currency)
        self.currency = currency


class Login(ScopedRow):
    """A customer's own way in: e-mail and password."""

    prefix: ClassVar[str] = "lgn"

    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, related_name="login")
    email = models.EmailField(max_length=254)
    password = models.CharField(max_length=200)
    session_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    password_changed_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "email"], name="accounts_login_email_once"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="accounts_login_email_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.email


class RefreshToken(ScopedRow):
    """One link of a chain of refresh tokens. A link works once; its use gives the next one of the same family."""

    prefix: ClassVar[str] = "rft"

    login = models.ForeignKey(Login, on_delete=models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    family = models.UUIDField(db_index=True)
    hash = models.BinaryField(max_length=32, unique=True)
    session_version = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    family_expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(login=None, user__isnull=False) | Q(login__isnull=False, user=None),
                name="accounts_refreshtoken_one_owner",
            ),
        ]


class PasswordReset(ScopedRow):
    """A link sent by mail. It works once, for a while; only its hash is kept."""

    prefix: ClassVar[str] = "pwr"

    login = models.ForeignKey(Login, on_delete=models.PROTECT, related_name="+")
    hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class LoginAttempt(ScopedRow):
    """The count of failed logins of one account from one address, of one account, or of one address.

    `subject` is a hash: the table must not become a list of addresses somebody once typed.
    """

    prefix: ClassVar[str] = "lga"

    subject = models.BinaryField(max_length=32)
    failures = models.PositiveIntegerField(default=0)
    window_started_at = models.DateTimeField()
    blocked_until = models.DateTimeField(null=True)
    # Whoever got in from this address before gets in while strangers knock at the same account.
    succeeded_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "subject"], name="accounts_loginattempt_once"),
        ]
