"""How often somebody may ask, where an operator has said otherwise than the settings."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.db import models
from django.db.models import Q

from core import errors

# More than any one process answers in a second.
HIGHEST: Final = 10_000_000


class LimitsRefused(errors.Invalid):
    code = "limits_invalid"
    title = f"A limit is a whole number from 1 to {HIGHEST:,}, or none for the one of the settings."


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Requests by class of routes; None stands for what the settings say."""

    reads_per_minute: int | None = None
    writes_per_minute: int | None = None
    ingestion_per_second: int | None = None

    def of(self, rate_class: str) -> int | None:
        """This function will return the limit of a class of routes: `read`, `write` or `ingestion`."""
        return {
            "read": self.reads_per_minute, "write": self.writes_per_minute, "ingestion": self.ingestion_per_second,
        }.get(rate_class)  # fmt: skip

    def require_sense(self) -> None:
        """This function will refuse what is no limit.

        :raises LimitsRefused: for a number below 1 or beyond reason.
        """
        if any(limit is not None and not 1 <= limit <= HIGHEST for limit in asdict(self).values()):
            raise LimitsRefused


NONE: Final = Limits()


@dataclass(frozen=True, kw_only=True)
class CallerLimits:
    """What a caller may do alone, and what everybody in his environment may do together."""

    own: Limits = NONE
    shared: Limits = NONE


USUAL: Final = CallerLimits()


class Limited(models.Model):
    """A row whose limits an operator may set."""

    reads_per_minute = models.PositiveIntegerField(null=True, blank=True)
    writes_per_minute = models.PositiveIntegerField(null=True, blank=True)
    ingestion_per_second = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def limits(self) -> Limits:
        """The limits of this row."""
        return Limits(
            reads_per_minute=self.reads_per_minute, writes_per_minute=self.writes_per_minute,
            ingestion_per_second=self.ingestion_per_second,
        )  # fmt: skip

    def limit_to(self, limits: Limits) -> bool:
        """This function will take limits over, and tell whether anything differs.

        :raises LimitsRefused: for a number that is no limit.
        """
        limits.require_sense()
        before = self.limits
        for name, limit in asdict(limits).items():
            setattr(self, name, limit)
        return before != limits


def columns() -> list[str]:
    """This function will return the names of the columns that hold limits."""
    return list(asdict(NONE))


def of_columns(numbers: Sequence[int | None]) -> Limits:
    """This function will return the limits that the columns say, in their order."""
    return Limits(**dict(zip(columns(), numbers, strict=True))) if any(numbers) else NONE


def sensible(name: str) -> models.CheckConstraint:
    """This function will return the rule that a table's limits are limits."""
    rules: Any = [Q(**{column: None}) | Q(**{f"{column}__range": (1, HIGHEST)}) for column in columns()]
    return models.CheckConstraint(condition=rules[0] & rules[1] & rules[2], name=name)
