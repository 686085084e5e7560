"""Is a feature flag on. First answer wins: its own variable, the document, the operator, the default."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

DEFAULTS: Final[Mapping[str, bool]] = MappingProxyType(
    {
        "subscriptions_enabled": True,
        "plans_enabled": True,
        "new_billing_flow": False,
        "advanced_analytics": False,
    }
)

PREFIX: Final = "FF_"
DOCUMENT: Final = "FEATURE_FLAGS"
UNKNOWN_DEFAULT: Final = "FF_DEFAULT_ENABLED"

_WORDS: Final = dict.fromkeys(("true", "1", "t", "yes", "on"), True) | dict.fromkeys(
    ("false", "0", "f", "no", "off"), False
)


@dataclass(frozen=True, kw_only=True)
class Configured:
    """What the environment variables say: `variables` by upper-case flag name, `document` by flag name.

    `ignored` names the variables that say nothing that can be understood, so that somebody can be told.
    """

    variables: Mapping[str, bool] = field(default_factory=dict)
    document: Mapping[str, bool] = field(default_factory=dict)
    unknown_default: bool = False
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Override:
    """What an operator decided. Without restrictions it holds for everybody.

    With `tenants` or `customers` it holds for those only; with `percentage` (0 to 100) for that share of the subjects,
    always the same ones, and a larger share includes the smaller.
    """

    enabled: bool
    percentage: int | None = None
    tenants: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()


def read_environment(environment: Mapping[str, str]) -> Configured:
    """The flags in environment variables.

    This function will read every `FF_<NAME>` and the `FEATURE_FLAGS` document. Values are true false 1 0 t f yes no on
    off in any case; anything else is ignored. A document that is not a JSON object of booleans is ignored whole.
    """
    values = {name: parse_word(text) for name, text in environment.items() if name.startswith(PREFIX)}
    document = _document(environment.get(DOCUMENT))
    ignored = [name for name, value in values.items() if value is None]
    if document is None:
        ignored.append(DOCUMENT)
    flags = {name.removeprefix(PREFIX): value for name, value in values.items() if value is not None}
    return Configured(
        variables={name: value for name, value in flags.items() if name != UNKNOWN_DEFAULT.removeprefix(PREFIX)},
        document=document or {},
        unknown_default=values.get(UNKNOWN_DEFAULT) or False,
        ignored=tuple(sorted(ignored)),
    )


def resolve(flag: str, configured: Configured, *, default: bool | None = None, override: bool | None = None) -> bool:
    """Is a flag on.

    `override` is the operator's answer for this subject (see `answer_of`), None when he has none. `default` is what the
    caller assumes of a flag that has no default of its own; it never changes the default of a known one. This function
    will answer from the variable, the document, the override and the default, in this order.
    """
    answers = (
        configured.variables.get(flag.upper()),
        configured.document.get(flag),
        override,
        DEFAULTS.get(flag),
        default,
    )
    return next((answer for answer in answers if answer is not None), configured.unknown_default)


def answer_of(override: Override, flag: str, *, tenant: str | None = None, customer: str | None = None) -> bool | None:
    """What an operator's override says about a subject.

    `tenant` and `customer` are public ids, None when there is none. This function will answer on or off, or None when
    the override is not about this subject.
    """
    if override.tenants and tenant not in override.tenants:
        return None
    if override.customers and customer not in override.customers:
        return None
    if override.percentage is None or _bucket(flag, customer or tenant or "") < override.percentage * 100:
        return override.enabled
    return None


def parse_word(text: str) -> bool | None:
    """A word for on or off, in any case. This function will answer None for anything else."""
    return _WORDS.get(text.lower())


def _document(text: str | None) -> dict[str, bool] | None:
    """The flags of the document, empty when there is no document, None when it cannot be used."""
    if text is None:
        return {}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or any(not isinstance(value, bool) for value in document.values()):
        return None
    return document


def _bucket(flag: str, subject: str) -> int:
    """A number from 0 to 9999 that depends on nothing but the flag and the subject."""
    return int.from_bytes(hashlib.sha256(f"{flag}:{subject}".encode()).digest()[:8], "big") % 10_000
