"""One case: what the production function answers, beside what is expected."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from core.conformance._files import Case
from core.conformance._registry import Adapter
from core.conformance._values import decimal, instant
from core.errors import Refusal

# Cases show a quotient without end to twelve places.
TOLERANCE: Final = Decimal("1e-9")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`got` has the members that the case expects, as far as they were answered; `error` is why there is no answer."""

    case: Case
    got: dict[str, Any]
    error: str = ""

    @property
    def passed(self) -> bool:
        """This function will tell whether every expected member was answered, and as expected."""
        expected = self.case.expected
        return not self.error and all(name in self.got and same(expected[name], self.got[name]) for name in expected)


def verify(adapter: Adapter, case: Case) -> Outcome:
    """Run one case. This function will answer what came of it; whatever the production function raises fails it."""
    if unknown := sorted(set(case.given) - adapter.members):
        return Outcome(case=case, got={}, error=f"the input has members that {adapter.kind} has not: {unknown}")
    try:
        answered = adapter.answer(case.given)
    except Exception as error:  # noqa: BLE001 - a case may be wrong in every way, and the next one still runs
        return Outcome(case=case, got={}, error=_named(error))
    return Outcome(case=case, got={name: answered[name] for name in case.expected if name in answered})


def same(expected: Any, got: Any) -> bool:
    """Whether an answer is the expected one.

    This function will compare moments as moments, decimals as numbers within 1e-9, and everything else exactly: all
    members of an object, the order of a list, true and 1 as different.
    """
    if isinstance(got, dict) and isinstance(expected, dict):
        return expected.keys() == got.keys() and all(same(expected[name], got[name]) for name in got)
    if isinstance(got, list) and isinstance(expected, list):
        return len(expected) == len(got) and all(map(same, expected, got))
    if isinstance(got, Decimal | datetime):
        return _same_value(expected, got)
    return type(expected) is type(got) and bool(expected == got)


def _same_value(expected: Any, got: Decimal | datetime) -> bool:
    try:
        if isinstance(got, datetime):
            return instant(expected) == got
        return abs(decimal(expected) - got) < TOLERANCE
    except ValueError:
        return False


def shown(value: Any) -> Any:
    """This function will return an answer as the files write it: moments in UTC with Z, decimals as text."""
    if isinstance(value, dict):
        return {name: shown(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return f"{value:f}" if isinstance(value, Decimal) else value


def _named(error: Exception) -> str:
    members = f" {error.members}" if isinstance(error, Refusal) and error.members else ""
    return f"{type(error).__name__}: {error}{members}"
