"""What somebody may ask for about customers, keys, logins and environments.

Keys, sessions and log-in attempts live on the machine's clock, whatever a sandbox's clock says: their verbs are given
`clock.wall()` as `now`. Customers live on their environment's clock.
"""

from accounts.models import ApiKeyEnded, CurrencyFixed, CurrencyMismatch
from accounts.services._attempts import TooManyAttempts
from accounts.services._authentication import CredentialRefused, Identity, authenticate_key, authenticate_token
from accounts.services._customers import ExternalRefTaken, create_customer, update_customer
from accounts.services._keys import OVERLAP, IssuedKey, ScopeRefused, issue_api_key, revoke_api_key, rotate_api_key
from accounts.services._logins import EmailTaken, WrongCredentials, log_in_customer, log_in_member, register_customer
from accounts.services._operators import create_operator, join_tenant
from accounts.services._passwords import (
    PasswordRefused,
    ResetTokenRefused,
    WrongPassword,
    change_password,
    request_password_reset,
    reset_password,
)
from accounts.services._sessions import RefreshRefused, Tokens, end_all_sessions, end_session, refresh_session

__all__ = [
    "OVERLAP", "ApiKeyEnded", "CredentialRefused", "CurrencyFixed", "CurrencyMismatch", "EmailTaken",
    "ExternalRefTaken", "Identity", "IssuedKey", "PasswordRefused", "RefreshRefused", "ResetTokenRefused",
    "ScopeRefused", "Tokens", "TooManyAttempts", "WrongCredentials", "WrongPassword", "authenticate_key",
    "authenticate_token", "change_password", "create_customer", "create_operator", "end_all_sessions", "end_session",
    "issue_api_key", "join_tenant", "log_in_customer", "log_in_member", "refresh_session", "register_customer",
    "request_password_reset", "reset_password", "revoke_api_key", "rotate_api_key", "update_customer",
]  # fmt: skip
