"""What of foreign data may be stored or logged. Secrets are replaced, sizes are limited, and nothing here ever raises.

A value is secret because of its key (`client_secret`, `X-Api-Key`, `cvv`) or because of its looks (a bearer or basic
credential, an API key, a token, a private key, a card number). The whole value is replaced, whatever its type.
"""

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

REDACTED: Final = "[REDACTED]"
MAX_DEPTH: Final = 8
MAX_ITEMS: Final = 200
MAX_TEXT: Final = 1024

# Wherever one of these stands in a key without its separators, the value is secret.
_FRAGMENTS: Final = "password passwd secret token authorization authheader apikey cvv cardnumber".split()
# These are secret as the whole key or as its last words: `card_pan` is, `timespan` is not.
_WORDS: Final = frozenset(
    """cookie setcookie pwd passphrase privatekey signature credential credentials session sessionid csrf otp totp
    cvc cvc2 pan track1 track2 iban accountnumber routingnumber ssn taxid giftcode dsn connectionstring""".split()
)
_WHOLE: Final = frozenset({"key", "pin", "cid"})
_UNDER: Final = {"number": frozenset({"card", "source"}), "code": frozenset({"gift"})}
_ALLOWED: Final = frozenset({"tokentype", "keyid", "apikeyid", "kid", "secretshown", "passwordchangedat"})
_HASHED: Final = frozenset({"idempotencykey", "nextpagetoken"})

# So many keys an object of our own has at most; how larger ones were judged is not remembered.
_FEW: Final = 32
_SHORTEST_CARD: Final = 12
_SPLIT: Final = re.compile(r"[-_ ]+|(?<=[a-z0-9])(?=[A-Z])")
_BASIC: Final = re.compile(r"\bbasic\s+([A-Za-z0-9+/_-]{4,}={0,2})", re.IGNORECASE)
_DIGITS: Final = re.compile(r"(?<!\w)(?<![0-9]\.)[0-9]+(?:[ \t\u00a0-][0-9]+)*(?!\w)", re.ASCII)
_GROUP: Final = re.compile(r"[0-9]+", re.ASCII)
_PEM: Final = r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:.*?-----END [A-Z ]{0,30}PRIVATE KEY-----|.*)"
_KEY_BLOCK: Final = re.compile(_PEM, re.DOTALL)
_SECRETS: Final = re.compile(
    # A credential's slashes may lead on to the next scheme's word, whose credential then follows.
    r"(?i:\b(?:bearer|digest)\s+(?=[^\s]*[0-9._~+/=-])[A-Za-z0-9._~+/=-]{8,}"
    r"(?:(?:(?<=bearer)|(?<=digest))\s+[A-Za-z0-9._~+/=-]{8,})*)"
    r"|\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"
    r"|\b(?:sk|rk|pk|whsec|gh[pousr]|xox[abprs])[_-][A-Za-z0-9_-]{8,}"
    rf"|{_PEM}"
    r"|(?<=://)[^\s/@:]{0,256}:[^\s/@]{1,256}(?=@)"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    re.DOTALL,
)
# Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay: what is issued, not what would be possible.
_NETWORKS: Final = re.compile(
    r"4\d{12}(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}",
    re.ASCII,
)
# What most texts are: an id of ours, an instant or a date, a small number, a few letters, words of lower case. None of
# them can be a secret by its looks, so none of the patterns above has to be asked.
_HARMLESS: Final = re.compile(
    r"(?!gh[pousr]_)[a-z]{3}_[0-9a-z]{26}"
    r"|\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d))?"
    r"|-?\d{1,11}(?:\.\d{1,12})?"
    r"|[A-Za-z]{1,5}"
    r"|(?!(?:[a-z_]*\.)*(?:sk|rk|pk|whsec|gh[pousr]|xox[abprs])_)[a-z_]{1,40}(?:\.[a-z_]{1,40}){0,3}",
    re.ASCII,
)
# A credential that has the whole value to itself needs no digit or sign to be known as one.
_CREDENTIAL: Final = re.compile(r"\s*(?:bearer|token|digest)\s+[A-Za-z0-9._~+/=-]{8,}\s*", re.IGNORECASE)


def redact(metadata: Any) -> Any:
    """What may be stored of a JSON-like value.

    This function will answer the same shape with secret values as "[REDACTED]", idempotency keys and page tokens as
    `sha256:<hex>`, bytes as their size, and foreign objects as the name of their class. At most 8 levels, 200 entries
    per level and 1024 characters per text are kept, and what is cut is said. The answer can be encoded as JSON. Never
    raises.
    """
    return _value(metadata, parent="", depth=0)


def holds_card(text: str) -> bool:
    """Whether a card number stands in a text.

    This function will go by the networks' own prefixes and lengths, so that long numbers which mean something else are
    seldom taken for one; `redact` is content with less.
    """
    return any(_NETWORKS.fullmatch(_digits(text[start:end])) for start, end in _cards(text))


def holds_secret(text: str) -> bool:
    """Whether a credential stands in a text.

    This function will know what looks like an API key, a token, a private key, or a password in an address.
    """
    return bool(_SECRETS.search(text)) or any(_is_basic(found[1]) for found in _BASIC.finditer(text))


def is_secret_key(name: str) -> bool:
    """Whether a value is secret for the key it stands under.

    This function will go by the name alone.
    """
    words = [word.lower() for word in _SPLIT.split(name) if word]
    joined = "".join(words)
    return joined not in _ALLOWED and _is_secret(words, joined, "")


def redact_lines(text: str) -> str:
    """What may be kept of a text of many lines, such as a traceback.

    This function will redact line by line, so that each line has its own limit and a long text keeps its end.
    """
    whole = _KEY_BLOCK.sub(REDACTED, text)  # the only secret of many lines
    return "\n".join(redact_text(line) for line in whole.splitlines())


def redact_text(text: str) -> str:
    """What may be logged of a free text, such as the message of an exception.

    This function will replace the secrets inside the text and keep what is around them, cut to 1024 characters.
    """
    readable = _readable(text)
    readable = _SECRETS.sub(REDACTED, readable)
    readable = _BASIC.sub(lambda found: REDACTED if _is_basic(found[1]) else found[0], readable)
    for start, end in reversed(_cards(readable)):
        readable = readable[:start] + REDACTED + readable[end:]
    return _cut(readable, len(text))


def _value(value: Any, *, parent: str, depth: int) -> Any:
    try:
        if type(value) is str:  # what is most often stored
            return _text(value)
        if isinstance(value, dict | Mapping):
            return _mapping(value, parent, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return _sequence(list(value), parent, depth)
        return _scalar(value)
    except Exception:  # noqa: BLE001 - foreign objects may raise anything, and the entry must be written all the same
        return "[UNREADABLE]"


def _mapping(value: Mapping[Any, Any], parent: str, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        return "[TOO DEEP]"
    if type(value) is dict and len(value) <= _FEW and (known := _harmless_keys(tuple(value), parent)):
        return {
            kept: _value(item, parent=joined, depth=depth + 1)
            for (kept, joined), item in zip(known, value.values(), strict=True)
        }
    kept: dict[str, Any] = {}
    for position, (key, item) in enumerate(value.items()):
        if position >= MAX_ITEMS:
            kept["…"] = f"[+{len(value) - MAX_ITEMS} keys]"
            break
        # Judged as it is, and kept as any other text: a key may be too long, or a secret itself.
        kept[str(_scalar(key))] = _entry(key if isinstance(key, str) else "", item, parent, depth)
    return kept


def _entry(name: str, item: Any, parent: str, depth: int) -> Any:
    joined, is_secret = _judged(name, parent)
    if joined in _HASHED:
        return _hashed(item)
    return REDACTED if is_secret else _value(item, parent=joined, depth=depth + 1)


@lru_cache(maxsize=1024)
def _harmless_keys(keys: tuple[Any, ...], parent: str) -> list[tuple[str, str]] | None:
    """The keys of an object under none of which anything is secret or hashed, as kept and as compared; or None.

    What is said of the same things again and again has the same keys, and is judged once.
    """
    if not all(type(key) is str for key in keys):
        return None
    judged = [_judged(key, parent) for key in keys]
    if any(is_secret or joined in _HASHED for joined, is_secret in judged):
        return None
    return [(_text(key), joined) for key, (joined, _) in zip(keys, judged, strict=True)]


@lru_cache(maxsize=4096)
def _judged(name: str, parent: str) -> tuple[str, bool]:
    """The name as it is compared, and whether what stands under it is secret for that."""
    words = [word.lower() for word in _SPLIT.split(name) if word]
    joined = "".join(words)
    return joined, joined not in _ALLOWED and _is_secret(words, joined, parent)


def _is_secret(words: list[str], joined: str, parent: str) -> bool:
    if joined in _WHOLE or parent in _UNDER.get(joined, ()):
        return True
    if any(fragment in joined for fragment in _FRAGMENTS):
        return True
    return any("".join(words[start:]) in _WORDS for start in range(max(0, len(words) - 4), len(words)))


def _sequence(items: list[Any], parent: str, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        return "[TOO DEEP]"
    kept = [_value(item, parent=parent, depth=depth + 1) for item in items[:MAX_ITEMS]]
    return kept if len(items) <= MAX_ITEMS else [*kept, f"[+{len(items) - MAX_ITEMS} items]"]


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _number(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if isinstance(value, Decimal | UUID | date):
        return _text(str(value))
    return f"[{type(value).__name__}]"


def _number(value: int) -> Any:
    """Card numbers are sent as numbers too; and of numbers that no column holds only the size is told."""
    if abs(value) < 10 ** (_SHORTEST_CARD - 1):
        return value
    if abs(value) >= 2**63:
        return f"[{value.bit_length()} bits]"
    return REDACTED if _is_card_number(str(value)) else value


def _text(text: str) -> str:
    return text if _HARMLESS.fullmatch(text) else _judged_text(text)


def _judged_text(text: str) -> str:
    readable = _readable(text)
    secret = _SECRETS.search(readable) or _CREDENTIAL.fullmatch(readable)
    if secret or any(_is_basic(found[1]) for found in _BASIC.finditer(readable)):
        return REDACTED
    return REDACTED if _cards(readable) else _cut(readable, len(text))


def _readable(text: str) -> str:
    """The beginning of a text, longer than what is kept so that a secret across the cut is seen, and storable."""
    return text[: 4 * MAX_TEXT].encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…[+{max(length, len(text)) - MAX_TEXT}]"


def _hashed(value: Any) -> Any:
    if not isinstance(value, str | int):
        return REDACTED
    return "sha256:" + hashlib.sha256(str(value).encode("utf-8", "replace")).hexdigest()


def _is_basic(encoded: str) -> bool:
    """Only user:password in base64 is a credential, so that a "Basic subscription" may be sold."""
    try:
        return b":" in base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_" if "_" in encoded else None)
    except (binascii.Error, ValueError):
        return False


def _cards(text: str) -> list[tuple[int, int]]:
    """Where card numbers stand in a text, also between other numbers."""
    places: list[tuple[int, int]] = []
    for run in _DIGITS.finditer(text):
        if run.end() - run.start() < _SHORTEST_CARD:
            continue
        groups = [group.span() for group in _GROUP.finditer(text, *run.span())]
        while groups:
            taken = next((size for size in range(min(len(groups), 6), 0, -1) if _is_card(text, groups[:size])), 0)
            if taken:
                places.append((groups[0][0], groups[taken - 1][1]))
            groups = groups[taken or 1 :]
    return places


def _digits(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")


def _is_card(text: str, groups: list[tuple[int, int]]) -> bool:
    digits = "".join(text[start:end] for start, end in groups)
    # Printed numbers begin with a group of four; a date or an invoice number beside another number does not.
    if len(groups) > 1 and (groups[0][1] - groups[0][0] != 4 or any(end - start < 2 for start, end in groups)):
        return False
    return _is_card_number(digits) and (len(groups) == 1 or len(digits) >= 14)


def _is_card_number(digits: str) -> bool:
    """Issuers' numbers start with 2 to 6, have 12 to 19 digits and end in a Luhn check digit."""
    if not _SHORTEST_CARD <= len(digits) <= 19 or digits[0] not in "23456":
        return False
    doubled = "".join(str(int(digit) * (1 + place % 2)) for place, digit in enumerate(reversed(digits)))
    return sum(int(digit) for digit in doubled) % 10 == 0
