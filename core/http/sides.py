"""The two sides of the house: programs at `/api/v1/`, and people's browsers everywhere else.

What only browsers need (files, sessions, forms that carry a token, who is logged in, messages, the console's gate) is
`BROWSER_MIDDLEWARE` in the settings; a request of a program passes one door instead of all of these.
"""

from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.utils.module_loading import import_string

PROGRAMS = "/api/v1/"


class Sides:
    """Takes a request through what its side needs."""

    def __init__(self, get_response: Any) -> None:
        self._program = convert_exception_to_response(CommonMiddleware(get_response))
        self._browser, self._hooks = get_response, list[Callable[..., HttpResponseBase | None]]()
        for path in reversed(settings.BROWSER_MIDDLEWARE):
            middleware = import_string(path)(self._browser)
            self._browser = convert_exception_to_response(middleware)
            if hasattr(middleware, "process_view"):
                self._hooks.insert(0, middleware.process_view)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This function will answer the request."""
        side: Any = self._program if is_program(request) else self._browser
        answer: HttpResponseBase = side(request)
        return answer

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponseBase | None:
        """This function will let a browser's middleware answer in place of the view, as Django would."""
        if is_program(request):
            return None
        answers = (hook(request, *view) for hook in self._hooks)
        return next((answer for answer in answers if answer is not None), None)


class ContentPolicy(CSPMiddleware):
    """Says what a page may load. Answers to programs are no pages; for them all the policy is written once."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self._policy = build_policy()

    def __call__(self, request: HttpRequest) -> Any:
        """This function will answer the request, with its policy."""
        if not is_program(request):
            return super().__call__(request)
        response: Any = self.get_response(request)
        response.headers["Content-Security-Policy"] = self._policy
        return response


def is_program(request: HttpRequest) -> bool:
    """This function will tell whether a request is for the API itself, whose pages for people are elsewhere."""
    return request.path_info.startswith(PROGRAMS)
