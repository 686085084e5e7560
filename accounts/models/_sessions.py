"""Ways in: logins, sessions, mailed links and the count of failed attempts."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models._customers import Customer
from accounts.models._people import User
from core.tenancy.rows import ScopedRow


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
    # When the password was last typed in this session; what asks for a fresh look at the person compares with it.
    authenticated_at = models.DateTimeField(null=True)
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
    """A link sent by mail to choose a password. It works once, for a while; only its hash is kept."""

    prefix: ClassVar[str] = "pwr"

    login = models.ForeignKey(Login, on_delete=models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(login=None, user__isnull=False) | Q(login__isnull=False, user=None),
                name="accounts_passwordreset_one_owner",
            ),
        ]


class EmailVerification(ScopedRow):
    """A link sent by mail that proves an address: it works once, for a while, for the address it was sent to."""

    prefix: ClassVar[str] = "emv"

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    email = models.EmailField(max_length=254)
    hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class PendingRegistration(ScopedRow):
    """Somebody registered where nobody may learn who has an account: it becomes a login when the mail is followed.

    `hash` is that of the mailed token, and null until the mail is written.
    """

    prefix: ClassVar[str] = "prg"

    email = models.EmailField(max_length=254)
    password = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True, default="")
    timezone = models.CharField(max_length=64, default="UTC")
    country = models.CharField(max_length=2, null=True)
    hash = models.BinaryField(max_length=32, null=True, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(hash__isnull=False), name="accounts_pendingregistration_used_by_token"
            ),
        ]


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
