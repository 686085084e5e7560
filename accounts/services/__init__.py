"""What somebody may ask for about customers, keys, logins and environments.

Keys, sessions and log-in attempts live on the machine's clock, whatever a sandbox's clock says: their verbs are given
`clock.wall()` as `now`. Customers live on their environment's clock.
"""

from accounts.hashers import TooManyHashes
from accounts.models import ApiKeyEnded, CurrencyFixed, CurrencyMismatch
from accounts.models import Approval as PendingApproval
from accounts.services._approvals import (
    Amount,
    Approvable,
    ApprovalDecided,
    ApprovalOutdated,
    NotAPerson,
    SamePerson,
    Wish,
    approvable,
    approve,
    do_or_ask,
    limit_of,
    reject,
    withdraw,
)
from accounts.services._attempts import TooManyAttempts
from accounts.services._authentication import (
    CredentialRefused,
    Identity,
    authenticate_admin,
    authenticate_key,
    authenticate_token,
)
from accounts.services._customers import ExternalRefTaken, create_customer, update_customer
from accounts.services._environments import allow_origins, limit_environment
from accounts.services._keys import (
    OVERLAP,
    IssuedKey,
    ScopeRefused,
    ScopeUnknown,
    issue_api_key,
    limit_api_key,
    revoke_api_key,
    rotate_api_key,
)
from accounts.services._logins import EmailTaken, WrongCredentials, log_in_customer, register_customer
from accounts.services._members import (
    LastOwner,
    MemberExists,
    RoleRefused,
    change_member_role,
    invite_member,
    join_tenant,
    remove_member,
)
from accounts.services._operators import create_operator
from accounts.services._passwords import (
    PasswordRefused,
    ResetTokenRefused,
    WrongPassword,
    change_password,
    hash_new_password,
    request_member_reset,
    request_password_reset,
    reset_password,
)
from accounts.services._people import (
    change_operator_password,
    confirm_operator,
    identify_operator,
    log_in_member,
    note_console_login,
    reprove_operator,
    step_up,
)
from accounts.services._second_factor import (
    CodeRefused,
    Enrolment,
    SecondFactorRequired,
    begin_enrolment,
    confirm_enrolment,
    is_enrolled,
    remove_second_factor,
)
from accounts.services._sessions import RefreshRefused, Tokens, end_all_sessions, end_session, refresh_session
from accounts.services._verification import (
    VerificationRefused,
    register_privately,
    request_verification,
    verify_email,
)

__all__ = [
    "OVERLAP", "Amount", "ApiKeyEnded", "Approvable", "ApprovalDecided", "ApprovalOutdated", "CodeRefused",
    "CredentialRefused", "CurrencyFixed", "CurrencyMismatch", "EmailTaken", "Enrolment", "ExternalRefTaken",
    "Identity", "IssuedKey", "LastOwner", "MemberExists", "NotAPerson", "PasswordRefused", "PendingApproval",
    "RefreshRefused", "ResetTokenRefused", "RoleRefused", "SamePerson", "ScopeRefused", "ScopeUnknown",
    "SecondFactorRequired", "Tokens", "TooManyAttempts", "TooManyHashes", "VerificationRefused", "Wish",
    "WrongCredentials", "WrongPassword", "allow_origins", "approvable", "approve", "authenticate_admin",
    "authenticate_key", "authenticate_token", "begin_enrolment", "change_member_role", "change_operator_password",
    "change_password", "confirm_enrolment", "confirm_operator", "create_customer", "create_operator", "do_or_ask",
    "end_all_sessions", "end_session", "hash_new_password", "identify_operator", "invite_member", "is_enrolled",
    "issue_api_key", "join_tenant", "limit_api_key", "limit_environment", "limit_of", "log_in_customer",
    "log_in_member", "note_console_login",
    "refresh_session", "register_customer", "register_privately", "reject", "remove_member", "remove_second_factor",
    "reprove_operator", "request_member_reset", "request_password_reset", "request_verification", "reset_password",
    "revoke_api_key", "rotate_api_key", "step_up", "update_customer", "verify_email", "withdraw",
]  # fmt: skip
