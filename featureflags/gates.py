"""Gates: a handler behind a feature answers only while the feature is on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from core import errors
from featureflags import resolution, selectors

Handler = TypeVar("Handler", bound=Callable[..., Any])


class FeatureUnavailable(errors.Unavailable):
    """Carries `feature_flag`, `missing_flag` or `required_flags`, after the kind of gate."""

    code = "feature_unavailable"
    title = "This feature is currently unavailable"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What must be on. A decorator of handlers: `@requires("plans_enabled") def create(self, request): …`."""

    flags: tuple[str, ...]
    kind: str
    default: bool | None = None

    def __call__(self, handler: Handler) -> Handler:
        """This function will return the handler, which from now on is refused while the gate is closed."""

        @wraps(handler)
        def gated(view: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            self.check(customer_id=getattr(getattr(request, "user", None), "customer_id", None))
            return handler(view, request, *args, **kwargs)

        return cast("Handler", gated)

    def check(self, *, customer_id: UUID | None = None) -> None:
        """This function will return if the gate is open, for a customer where the decision depends on one.

        :raises FeatureUnavailable: if it is closed.
        """
        off = [name for name in self.flags if not is_on(name, default=self.default, customer_id=customer_id)]
        if self.kind == "any" and len(off) == len(self.flags):
            raise FeatureUnavailable(required_flags=list(self.flags))
        if self.kind == "all" and off:
            raise FeatureUnavailable(missing_flag=off[0])
        if self.kind == "one" and off:
            raise FeatureUnavailable(feature_flag=off[0])


def is_on(name: str, *, default: bool | None = None, customer_id: UUID | None = None) -> bool:
    """This function will tell whether a feature is on in the environment in force, for a customer if one is named.

    `default` is what the caller assumes of a feature that has no default of its own.
    """
    decided = None if selectors.is_configured(name) else selectors.find_answer(name, customer_id=customer_id)
    return resolution.resolve(name, selectors.configured(), default=default, override=decided)


def requires(flag: str, *, default: bool | None = None) -> Gate:
    """This function will return the gate of one feature, with the caller's default for an unknown one."""
    return Gate(flags=(flag,), kind="one", default=default)


def requires_all(*flags: str) -> Gate:
    """This function will return the gate that is open while all the features are on."""
    return Gate(flags=flags, kind="all")


def requires_any(*flags: str) -> Gate:
    """This function will return the gate that is open while one of the features is on."""
    return Gate(flags=flags, kind="any")
