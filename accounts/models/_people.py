"""People of the house and of its tenants."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from accounts import triggers
from core import ids


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
        permissions: ClassVar = [("remove_factor_user", "Can remove a user's second factor")]

    def __str__(self) -> str:
        return self.email

    @property
    def public_id(self) -> str:
        return ids.encode(self.prefix, self.id)

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """What a session at the console is bound to: besides the password, the version that ends all sessions."""
        text = f"{self.password}\x00{self.session_version}"
        return salted_hmac("accounts.session", text, secret=secret, algorithm="sha256").hexdigest()


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
        permissions: ClassVar = [
            ("invite_membership", "Can invite a member"),
            ("change_role_membership", "Can change a member's role"),
            ("remove_membership", "Can remove a member"),
        ]
        triggers: ClassVar = [triggers.keeps_an_owner()]

    def __str__(self) -> str:
        return f"{self.role} {self.public_id}"

    @property
    def public_id(self) -> str:
        return ids.encode(self.prefix, self.id)
