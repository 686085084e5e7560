"""Field errors as a list: where (a JSON pointer), what (a stable word), and a sentence."""

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework.exceptions import ErrorDetail

NON_FIELD = "non_field_errors"


def flatten(detail: Any) -> list[dict[str, str]]:
    """This function will return DRF's nested error detail as `[{pointer, code, message}]`, in order."""
    return list(_walk(detail, ""))


def _walk(detail: Any, pointer: str) -> Iterator[dict[str, str]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _walk(inner, pointer if name == NON_FIELD else f"{pointer}/{escaped(name)}")
    elif isinstance(detail, (list, tuple)):
        for position, inner in enumerate(detail):
            # A list of texts belongs to one field; a list of mappings is one entry per item of an array.
            yield from _walk(inner, pointer if isinstance(inner, str) else f"{pointer}/{position}")
    else:
        yield error(pointer, getattr(detail, "code", "invalid"), str(detail))


def escaped(name: Any) -> str:
    """This function will return one step of a JSON pointer, as RFC 6901 writes it."""
    return str(name).replace("~", "~0").replace("/", "~1")


def error(pointer: str, code: str, message: str) -> dict[str, str]:
    """This function will return one entry of a problem's `errors`."""
    return {"pointer": pointer, "code": code, "message": message}


def refused(code: str, message: str) -> list[ErrorDetail]:
    """This function will return the detail of a DRF validation error with a machine word of its own."""
    return [ErrorDetail(message, code=code)]
