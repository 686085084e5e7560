"""Health over HTTP: for people, load balancers and whoever restarts processes. No credentials, no secrets."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse

from core import health, problems
from core.http import refusals
from core.http.json import dumps

View = Callable[[HttpRequest], HttpResponse]


def _reading(view: View) -> View:
    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            response = problems.response(problems.of(refusals.MethodNotAllowed()))
            response.headers["Allow"] = "GET, HEAD"
            return response
        return view(request)

    return answered


def _answer(document: dict[str, object], status: str) -> HttpResponse:
    code = 503 if status == health.UNHEALTHY else 200
    return HttpResponse(dumps(document), status=code, content_type="application/json")


@_reading
def service(_request: HttpRequest) -> HttpResponse:
    """This function will answer the state of the service and its outbox."""
    database, outbox = health.report("database"), health.report("outbox")
    status = health.overall({"database": database, "outbox": outbox})
    facts = {
        "pending_events": outbox.get("pending_events", 0),
        "dispatcher_running": outbox.get("dispatcher_running", False),
        "database_health": database["status"],
    }
    return _answer({"service": "perennial", "status": status, "outbox": facts}, status)


@_reading
def basic(_request: HttpRequest) -> HttpResponse:
    """This function will answer in one word whether the service works."""
    status = health.overall({"database": health.report("database")})
    return _answer({"service": "perennial", "status": status}, status)


@_reading
def detailed(_request: HttpRequest) -> HttpResponse:
    """This function will answer the state of each component, with response times and queue depths."""
    found = health.reports()
    status = health.overall(found)
    return _answer({"service": "perennial", "status": status, "components": found}, status)


@_reading
def livez(_request: HttpRequest) -> HttpResponse:
    """This function will answer that the process runs; it asks nothing else."""
    return _answer({"status": "alive"}, "alive")


@_reading
def readyz(_request: HttpRequest) -> HttpResponse:
    """This function will answer whether requests can be served: whether the database answers."""
    ready = health.report("database")["status"]
    return _answer({"status": "ready" if ready == health.HEALTHY else "not_ready"}, ready)
