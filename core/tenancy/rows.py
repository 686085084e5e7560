"""What every row of an environment has: a time-ordered id, its environment, and a manager that keeps to the scope."""

from collections.abc import Callable, Collection, Set
from functools import cache
from typing import Any, ClassVar, Self, TypeVar

from django.db import models
from django.db.models.base import ModelState

from core import ids
from core.tenancy import scopes

Row = TypeVar("Row", bound=models.Model, covariant=True)


class ScopedQuerySet(models.QuerySet[Row]):
    """The base of every app's vocabulary."""


class ScopedManager(models.Manager[Row]):
    """The first fence: filters by the environment in force and refuses to run where there is none."""

    def get_queryset(self) -> models.QuerySet[Row]:
        rows = super().get_queryset()
        if isinstance(scopes.current(), scopes.SystemScope):
            return rows
        return rows.filter(environment_id=scopes.environment_id())


class ScopedRow(models.Model):
    """A row of one environment. The migration operation `core.tenancy.operations.Fence` adds the database's fences."""

    prefix: ClassVar[str] = "row"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    # No index of its own: every index of a scoped table begins with it.
    environment = models.ForeignKey(
        "core.Environment", on_delete=models.PROTECT, related_name="+", editable=False, db_index=False,
        default=scopes.environment_id,
    )  # fmt: skip

    objects = ScopedManager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.public_id

    @classmethod
    def from_db(  # type: ignore[override]  # Django 6 says one thing more
        cls, db: str | None, field_names: Collection[str], values: Collection[Any]
    ) -> Self:
        """This function will return a row with what was read, as Django would, without its constructor.

        That one looks for signals, defaults, and columns that were left out; here there are none of the first, and a
        column that was left out is one that is not there.
        """
        row = cls.__new__(cls)
        row._state = state = ModelState()
        state.adding, state.db = False, db
        row.__dict__.update(zip(field_names, values, strict=True))
        return row

    @classmethod
    def fresh(cls, **values: Any) -> Self:
        """This function will return a new row as the constructor would, for the few paths that make very many.

        `values` go by the names of columns (`customer_id`); what is left out has its default.
        """
        names, constant, called = _defaults(cls)
        if not values.keys() <= names:
            raise TypeError(f"{cls.__name__} has no {', '.join(values.keys() - names)}")
        row = cls.__new__(cls)
        row._state = ModelState()
        row.__dict__.update(constant)
        row.__dict__.update(values)
        row.__dict__.update((name, default()) for name, default in called if name not in values)
        return row

    @property
    def public_id(self) -> str:
        return ids.encode(self.prefix, self.id)


@cache
def _defaults(model: type[models.Model]) -> tuple[Set[str], dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """The names of the columns, the defaults that are always the same, and those that are to be called anew."""
    fields: tuple[Any, ...] = tuple(model._meta.concrete_fields)
    called = [field for field in fields if field.has_default() and callable(field.default)]
    constant = {field.attname: field.get_default() for field in fields if field not in called}
    return {field.attname for field in fields}, constant, [(field.attname, field.default) for field in called]
