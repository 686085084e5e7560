"""What is broken on purpose, and whose tests have to notice."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.guard import CHECKOUT

# Pages for people, what is declared, and SQL that tests of damage look after.
_ASIDE: Final = {"__init__.py", "admin.py", "apps.py", "forms.py", "invariants.py", "pages.py", "signals.py"}


@dataclass(frozen=True, kw_only=True)
class Area:
    """`code` and `tests` are files and folders, of a folder's own files."""

    name: str
    code: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def paths(self) -> list[str]:
        """The modules."""
        found = [path for one in self.code for path in _modules(CHECKOUT / one)]
        return [str(path.relative_to(CHECKOUT)) for path in found]


def _modules(path: Path) -> list[Path]:
    every = [path] if path.is_file() else sorted(path.glob("*.py"))
    return [one for one in every if one.name not in _ASIDE]


AREAS: Final = (
    Area(
        name="money",
        code=(
            "core/money.py", "catalog/pricing.py", "billing/arithmetic.py", "billing/postings.py", "billing/burning.py",
            "billing/crediting.py", "billing/taxation.py", "billing/coupons.py", "billing/numbering.py",
            "subscriptions/proration.py",
        ),
        tests=("core/tests/test_money.py", "core/tests/test_conformance.py", "catalog/tests", "billing/tests"),
    ),
    Area(
        name="idempotency",
        code=("core/idempotency", "core/http/idempotency.py"),
        tests=("core/tests/idempotency", "core/tests/http", "tests/test_keys_of_routes.py"),
    ),
    Area(name="outbox", code=("outbox",), tests=("outbox/tests",)),
    Area(name="audit", code=("audit",), tests=("audit/tests",)),
    Area(
        name="auth",
        code=("accounts", "accounts/services"),
        tests=("accounts/tests",),
    ),
)  # fmt: skip
