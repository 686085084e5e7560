"""A browser and a house to look at: Chromium of the system, and a web process on the worker's own database."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import Browser, Page, sync_playwright

from accounts.services import create_operator
from accounts.tests.factories import make_key
from core import clock
from core.tenancy.system import system_scope
from local.house import House, web_answers
from local.process import free_port, wait_until
from tests.browser.watched import Watched
from tests.house import ROOT
from tests.session import Database

CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
OPERATOR, PASSWORD = "operator@perennial.example", "correct horse battery staple"
READY_SECONDS = 60.0


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; without one the tests are skipped and say what to install."""
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no Chromium: apt-get install chromium, or name one in CHROMIUM")
    # The driver keeps an event loop in this thread; Django would take every query beside it for one inside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")


@pytest.fixture
def house(committed: Database, tmp_path: Path) -> Iterator[str]:
    """The address of a web process on the worker's database, where everything is committed."""
    port = free_port()
    variables = os.environ | committed.environment
    variables |= {
        "DJANGO_SETTINGS_MODULE": "config.settings", "MAILBOX_DIR": str(tmp_path), "RATE_LIMITS_ENABLED": "false",
        "ENV": "local",
    }  # fmt: skip
    log = tmp_path / "web.log"
    with log.open("wb") as output:
        web = subprocess.Popen(House().web(port), cwd=ROOT, env=variables, stdout=output, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        assert wait_until(lambda: web_answers(f"{address}/livez"), READY_SECONDS), log.read_text()
        yield address
    finally:
        web.terminate()
        web.wait(timeout=30)


@pytest.fixture
def operator(house: str) -> str:
    """A superuser of the console; his e-mail."""
    with system_scope("test: an operator"), transaction.atomic():
        create_operator(OPERATOR, PASSWORD, now=clock.wall())
    return OPERATOR


@pytest.fixture
def api_key(house: str, sandbox_scope) -> str:
    """The secret of a key of the sandbox."""
    with sandbox_scope(), transaction.atomic():
        return make_key()


@pytest.fixture
def page(chromium: Browser, house: str) -> Iterator[Page]:
    """A fresh window of the browser."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=house)
    yield context.new_page()
    context.close()


@pytest.fixture
def watched(page: Page, house: str) -> Iterator[Watched]:
    """What the browser complains of; the test fails at its end if that is anything."""
    complaints = Watched(house)
    complaints.listen(page)
    yield complaints
    assert complaints.all == []


@pytest.fixture
def console(page: Page, watched: Watched, operator: str) -> Page:
    """The console's first page, after the login form."""
    page.goto("/admin/login/")
    page.fill("input[name=username]", operator)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/")
    return page
