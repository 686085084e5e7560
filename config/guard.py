"""What production refuses to start with. Each refusal names the variable to mend."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from audit import sink
from core.http.client_ip import MAX_HOPS, parse_networks

SECRETS = ("SECRET_KEY", "JWT_SECRET", "AUDIT_HMAC_SECRET", "GIFT_CODE_PEPPER", "PAYMENT_WEBHOOK_SECRET")
KNOWN_DEFAULTS = ("insecure", "change-me", "changeme", "example", "stellarbill-dev-audit")
SHORTEST_SECRET = 32
ENVIRONMENTS = ("local", "test", "production")
DOCUMENT_STORAGES = ("local", "s3")
STORE_FAILURES = ("local", "open", "closed")
REGISTRATION_PRIVACIES = ("friendly", "strict")
BROKERS = ("redis", "rediss", "amqp", "amqps")


def refuse_nonsense(settings: dict[str, Any]) -> None:
    """This function will stop a start whose settings are unsafe for its environment.

    :raises ImproperlyConfigured: naming each offending variable.
    """
    if settings["ENV"] not in ENVIRONMENTS:
        raise ImproperlyConfigured(f"ENV must be one of {', '.join(ENVIRONMENTS)}")
    if settings["DOCUMENT_STORAGE"] not in DOCUMENT_STORAGES:
        raise ImproperlyConfigured(f"DOCUMENT_STORAGE must be one of {', '.join(DOCUMENT_STORAGES)}")
    if settings["DOCUMENT_STORAGE"] == "s3" and not settings["DOCUMENT_S3_BUCKET"]:
        raise ImproperlyConfigured("DOCUMENT_S3_BUCKET is missing")
    if settings["AUDIT_LOG_PATH"] and (objection := sink.check(Path(settings["AUDIT_LOG_PATH"]))):
        raise ImproperlyConfigured(f"AUDIT_LOG_PATH: {objection}")
    _refuse_edge(settings)
    _check_people(settings)
    _check_broker(settings)
    if settings["ENV"] == "production":
        problems = [*_weak_secrets(settings), *_open_doors(settings)]
        if problems:
            raise ImproperlyConfigured("refusing to start in production: " + "; ".join(problems))


def _refuse_edge(settings: dict[str, Any]) -> None:
    if settings["TRUSTED_PROXIES"] and settings["TRUSTED_PROXY_COUNT"]:
        raise ImproperlyConfigured("set either TRUSTED_PROXIES or TRUSTED_PROXY_COUNT")
    if not 0 <= settings["TRUSTED_PROXY_COUNT"] <= MAX_HOPS:
        raise ImproperlyConfigured(f"TRUSTED_PROXY_COUNT must be from 0 to {MAX_HOPS}")
    try:
        parse_networks(settings["TRUSTED_PROXIES"])
    except ValueError as failure:
        raise ImproperlyConfigured(f"TRUSTED_PROXIES: {failure}") from None
    if settings["RATE_LIMIT_ON_STORE_FAILURE"] not in STORE_FAILURES:
        raise ImproperlyConfigured(f"RATE_LIMIT_ON_STORE_FAILURE must be one of {', '.join(STORE_FAILURES)}")


def _check_people(settings: dict[str, Any]) -> None:
    if settings["REGISTRATION_PRIVACY"] not in REGISTRATION_PRIVACIES:
        raise ImproperlyConfigured(f"REGISTRATION_PRIVACY must be one of {', '.join(REGISTRATION_PRIVACIES)}")
    for name in ("HASHES_AT_ONCE", "APPROVAL_HOURS", "SESSION_COOKIE_AGE"):
        if settings[name] < 1:
            raise ImproperlyConfigured(f"{name} must be at least 1")
    limits = settings["APPROVAL_LIMITS"]
    if not isinstance(limits, dict) or not all(type(most) is int and most >= 0 for most in limits.values()):
        raise ImproperlyConfigured("APPROVAL_LIMITS must be a JSON object of minor units by currency")


def _check_broker(settings: dict[str, Any]) -> None:
    if settings["BROKER_URL"].partition("://")[0] not in BROKERS:
        raise ImproperlyConfigured(f"BROKER_URL must begin with one of {', '.join(f'{one}://' for one in BROKERS)}")


def _weak_secrets(settings: dict[str, Any]) -> list[str]:
    named = [(name, settings[name]) for name in SECRETS]
    named += [("ADMIN_TOKEN", settings["ADMIN_TOKEN"])] if settings["ADMIN_TOKEN"] else []
    named += [("FIELD_ENCRYPTION_KEYS", key) for key in settings["FIELD_ENCRYPTION_KEYS"]]
    named += [("AUDIT_HMAC_OLD_SECRETS", secret) for secret in settings["AUDIT_HMAC_OLD_SECRETS"].values()]
    return [f"{name} {reason}" for name, value in named if (reason := _weakness(value))]


def _weakness(secret: str) -> str:
    if any(word in secret.lower() for word in KNOWN_DEFAULTS) or secret.startswith("aW5zZWN1cmU"):
        return "still has a default value"
    if len(secret) < SHORTEST_SECRET or len(set(secret)) < SHORTEST_SECRET // 4:
        return f"is weak (at least {SHORTEST_SECRET} random characters)"
    return ""


def _open_doors(settings: dict[str, Any]) -> list[str]:
    problems = []
    if settings["DEBUG"]:
        problems.append("DEBUG is on")
    if "*" in settings["ALLOWED_HOSTS"]:
        problems.append("ALLOWED_HOSTS holds a wildcard")
    if "*" in settings["ALLOWED_ORIGINS"]:
        problems.append("ALLOWED_ORIGINS holds a wildcard")
    if settings["FAILPOINTS"]:
        problems.append("FAILPOINTS is set")
    return problems
