"""`make run` and `make demo`: everything started, the main job shown, everything stopped."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType

from local import engines, home, process
from local.children import Children, tail
from local.guard import CHECKOUT, Guard
from local.home import Home
from local.house import House, web_answers
from local.refusals import CannotRun
from local.screen import Screen
from local.story import Tour, TourResult, TourSettings

READY_SECONDS = 90.0
WATCH_SECONDS = 1.0
Company = Mapping[str, object]
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run: the home it lives in, the port it serves, the house it starts and the tour it shows."""

    home: Home
    port: int
    environ: Mapping[str, str]
    house: House
    tour: Tour
    screen: Screen
    serve: bool

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def run(this: Run) -> int:
    """Start the house, show the main job, and serve.

    This function will return the exit status: 0 when every step was right, or when somebody ended the serving, else 1.
    It raises `CannotRun` with exit code 2 before anything is started when the port is taken or the home is in use.
    """
    if not process.is_free(this.port):
        raise CannotRun(f"Port {this.port} is taken. Choose another: make run PORT={this.port + 1}", exit_code=2)
    with home.only_run(this.home), ExitStack() as stack:
        ending = stack.enter_context(_ending())
        try:
            company, result = _open(this, stack, ending)
            if this.serve:
                _addresses(this, company)
                _serve(this, ending)
        except KeyboardInterrupt:
            this.screen.line()
            this.screen.line("Stopping …")
            return 0 if ending.serving else 130
        finally:
            ending.be_calm()
        return 1 if result.failed or not (result.passed or this.serve) else 0


def _open(this: Run, stack: ExitStack, ending: "Ending") -> tuple[Company, TourResult]:
    """Bring the house up and show it; whatever was started is stopped by the stack, engines last."""
    first_run = not this.home.toured
    guard = Guard(this.home.folder)
    stack.callback(guard.release)
    with this.screen.doing("PostgreSQL and Valkey"):
        started = engines.start(this.home.folder, environ=this.environ)
        stack.callback(started.stop)
    environment = home.settings(this.home, this.port, this.environ) | started.environment
    with this.screen.doing("Database migrations"):
        _call(this, "migrate", this.house.migrate, environment | {"DATABASE_URL": started.database_owner_url})
    with this.screen.doing("Demo company"):
        company = _load_demo(this, environment)
    children = ending.children = Children(this.home.logs, environment, guard)
    stack.callback(children.stop)
    with this.screen.doing("Web, worker and beat"):
        _start_children(this, children, started.redis_url)
    this.screen.heading("The main job")
    result = this.tour(_tour_settings(this, company, environment, first_run=first_run), this.screen.step)
    if not result.failed:
        this.home.remember_tour()
    children.check()
    this.screen.line()
    this.screen.line(f"{result.passed} passed, {result.failed} failed")
    return company, result


def _start_children(this: Run, children: Children, redis_url: str) -> None:
    this.home.forget_counters()
    children.start("worker", this.house.worker)
    children.start("web", this.house.web(this.port))
    children.start("beat", this.house.beat)
    children.wait(lambda: web_answers(f"{this.url}/readyz"), f"{this.url}/readyz", READY_SECONDS)
    broker_url = os.environ.get("BROKER_URL") or redis_url
    children.wait(lambda: this.house.worker_answers(broker_url), "The worker", READY_SECONDS)
    children.check()


def _serve(this: Run, ending: "Ending") -> None:
    ending.serving = True
    this.screen.line()
    this.screen.line(f"Serving on {this.url} - Ctrl-C stops everything. Logs: {this.home.logs}")
    children = ending.children
    while children is not None:
        children.check()
        process.wait_until(lambda: False, WATCH_SECONDS)


def _call(this: Run, name: str, argv: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run one command of the house to its end; its output goes to the log and, for what it tells, comes back."""
    log = this.home.logs / f"{name}.log"
    with log.open("wb") as output:
        finished = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=CHECKOUT,
            start_new_session=True,
            check=False,
        )
    if finished.returncode:
        raise CannotRun(f"{name} failed (exit status {finished.returncode}). The end of {log}:\n{tail(log)}")
    return log.read_text(errors="replace")


def _load_demo(this: Run, environment: Mapping[str, str]) -> Company:
    lines = [line for line in _call(this, "load_demo", this.house.load_demo, environment).splitlines() if line.strip()]
    try:
        told = json.loads(lines[-1])
    except (IndexError, ValueError):
        raise CannotRun("load_demo did not end with a line of JSON; see its log.") from None
    return this.home.remember_company(told)


def _tour_settings(this: Run, company: Company, environment: Mapping[str, str], *, first_run: bool) -> TourSettings:
    return TourSettings(
        base_url=this.url,
        api_key=str(company.get("api_key", "")),
        publishable_key=str(company.get("publishable_key", "")),
        operator_email=str(company.get("operator_email", "")),
        operator_password=str(company.get("operator_password", "")),
        mailbox_dir=this.home.mailbox,
        environment=environment,
        first_run=first_run,
    )


def _addresses(this: Run, company: Company) -> None:
    key = company.get("api_key", "")
    this.screen.heading("Where to go on")
    this.screen.line(f"  Console      {this.url}/admin/")
    this.screen.line(f"  Operator     {company.get('operator_email', '')}  {company.get('operator_password', '')}")
    this.screen.line(f"  API docs     {this.url}/api/docs/")
    this.screen.line(f"  Health       {this.url}/api/health")
    this.screen.line(f"  Sandbox key  {key}")
    this.screen.line()
    this.screen.line(f"  curl {this.url}/api/health")
    this.screen.line(f"  curl -H 'Authorization: Bearer {key}' {this.url}/api/v1/plans")
    this.screen.line(f"  curl -H 'Authorization: Bearer {key}' {this.url}/api/v1/subscriptions")


class Ending:
    """How the run reacts to Ctrl-C: the first ends it in order, one more while it ends hurries it."""

    def __init__(self) -> None:
        self.children: Children | None = None
        self.serving = False
        self._is_calm = False

    def be_calm(self) -> None:
        """From here on things are being stopped; this function will make a signal hurry that instead of breaking in."""
        self._is_calm = True

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal; this function will raise KeyboardInterrupt the first time."""
        if not self._is_calm:
            self._is_calm = True
            raise KeyboardInterrupt
        if self.children:
            self.children.hurry = True


@contextmanager
def _ending() -> Iterator[Ending]:
    ending = Ending()
    before = {number: signal.signal(number, ending.hear) for number in ENDING}
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
