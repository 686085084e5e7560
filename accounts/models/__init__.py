"""People, keys and customers: who may ask, and on whose behalf."""

from accounts.models._approvals import Approval, ApprovalDecided
from accounts.models._customers import CurrencyFixed, CurrencyMismatch, Customer, CustomerQuerySet
from accounts.models._keys import ApiKey, ApiKeyEnded, ApiKeyQuerySet
from accounts.models._people import Membership, User
from accounts.models._sessions import (
    EmailVerification,
    Login,
    LoginAttempt,
    PasswordReset,
    PendingRegistration,
    RefreshToken,
)

__all__ = [
    "ApiKey", "ApiKeyEnded", "ApiKeyQuerySet", "Approval", "ApprovalDecided", "CurrencyFixed", "CurrencyMismatch",
    "Customer", "CustomerQuerySet", "EmailVerification", "Login", "LoginAttempt", "Membership", "PasswordReset",
    "PendingRegistration", "RefreshToken", "User",
]  # fmt: skip
