"""What the runner tells the tour, and what the tour tells the runner."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class TourSettings:
    """Where the house answers and with what rights; `first_run` is false when the demo company has a history.

    `environment` are the variables by which `manage.py` works on the same database.
    """

    base_url: str
    api_key: str
    publishable_key: str
    operator_email: str
    operator_password: str
    mailbox_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    first_run: bool = True


@dataclass(frozen=True)
class Step:
    """One thing that was tried: its name, what came of it with ids and amounts, and whether it was right."""

    name: str
    detail: str
    ok: bool = True


@dataclass(frozen=True)
class TourResult:
    """How many steps were right, and how many were not."""

    passed: int
    failed: int


Report = Callable[[Step], None]
Tour = Callable[[TourSettings, Report], TourResult]
