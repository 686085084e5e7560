"""`ETag` and `If-Match`: a change that was decided about an older state of a resource is refused.

The tag is a digest of what `GET` answers. The row is locked before it is read, so that of two changes with the same tag
the second one finds another.
"""

from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.db import connection

from core import errors
from core.http.json import dumps
from core.tenancy import scopes

_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
CHANGING = frozenset({"PUT", "PATCH"})
# What is deleted may have been looked at before; nobody is made to.
HEEDING = CHANGING | {"DELETE"}


class PreconditionFailed(errors.Conflict):
    """`etag` is that of the resource as it is now."""

    code = "precondition_failed"
    title = "The resource is no longer what If-Match says."


class PreconditionRequired(errors.Conflict):
    code = "precondition_required"
    title = "The change needs an If-Match header with the resource's ETag."


def check(view: Any) -> None:
    """This function will let a change pass that was decided about the present state, or about any.

    :raises PreconditionFailed: if the resource is another by now.
    :raises PreconditionRequired: if nothing was said and the settings want it to be.
    """
    if view.request.method not in HEEDING or not is_tagged(view):
        return
    sent = view.request.META.get("HTTP_IF_MATCH")
    if sent is None:
        if settings.IF_MATCH_REQUIRED and view.request.method in CHANGING:
            raise PreconditionRequired
        return
    _lock(view)
    present = _present(view)
    if sent.strip() != "*" and present not in [tag.strip() for tag in sent.split(",")]:
        raise PreconditionFailed(etag=present)


def mark(view: Any, response: Any) -> None:
    """This function will put the tag on the answer to a look and to a change."""
    if response.status_code != 200 or not is_tagged(view):
        return
    if view.action == "retrieve":
        response.headers["ETag"] = _tag(response.content)
    elif view.request.method in CHANGING:
        response.headers["ETag"] = _present(view)


def is_tagged(view: Any) -> bool:
    """This function will tell whether a view shows one resource and changes it."""
    return hasattr(view, "retrieve") and (hasattr(view, "partial_update") or hasattr(view, "update"))


def _lock(view: Any) -> None:
    if hasattr(view, "hold"):  # a row before which another is locked
        view.hold()
        return
    rows = view.get_queryset().model.objects.select_for_update()
    if "pk" in view.kwargs:
        rows = rows.filter(pk=view.key)
    else:  # the one row of an environment, which may not be there yet
        with connection.cursor() as cursor:
            cursor.execute(_ALONE, [f"{scopes.environment_id()} {view.request.path}"])
    list(rows.values_list("pk"))


def _present(view: Any) -> str:
    """The tag of what a look would answer; some views show more on a look than after a change."""
    action, view.action = view.action, "retrieve"
    try:
        return _tag(dumps(view.retrieve(view.request, *view.args, **view.kwargs).data))
    finally:
        view.action = action


def _tag(content: bytes) -> str:
    return f'"{blake2b(content, digest_size=16).hexdigest()}"'
