"""What Django answers where no view did: unknown paths, unreadable requests, failures of the middleware."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from core import errors, problems
from core.http import refusals
from core.http.middleware import failed


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """This function will answer 400, or 413 where that is what it was."""
    refusal = problems.as_refusal(exception) if exception else None
    return failed(request, problems.of(refusal or refusals.Malformed()))


def permission_denied(request: HttpRequest, exception: Any) -> HttpResponse:  # noqa: ARG001 - Django checks the name
    """This function will answer 403."""
    return failed(request, problems.of(errors.Forbidden()))


def not_found(request: HttpRequest, exception: Any) -> HttpResponse:  # noqa: ARG001 - Django checks the name
    """This function will answer 404."""
    return failed(request, problems.of(errors.NotFound()))


def server_error(request: HttpRequest) -> HttpResponse:
    """This function will answer a bare 500; the failure itself is in the log."""
    return failed(request, problems.SERVER_ERROR)
