"""The runbooks name what is there: pages that open, buttons of that name, commands, their options, routes and rules."""

import re
from typing import Any

import pytest
import yaml
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command, get_commands, load_command_class
from django.test import Client
from django.urls import resolve

from accounts.services import create_operator
from core import clock, health, ids, invariants
from tests.house import ROOT

RAW = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
TEXT = " ".join(RAW.split())
PAGES = sorted(set(re.findall(r"`(/admin/[^`]*)`", TEXT)))
LISTS = [page for page in PAGES if "/…/" not in page]
ROW_PAGES = [page for page in PAGES if "/…/" in page]
BUTTONS = sorted(set(re.findall(r"\*\*([A-Z][A-Za-z -]+)\*\*[^`*]*?\(`(/admin/[^`]*)`\)", TEXT)))
COMMANDS = sorted(set(re.findall(r"`manage\.py ([^`]*)`", TEXT)))
ROUTES = sorted(set(re.findall(r"`(GET|POST) (/api/[^`]*)`", TEXT)))
EVENTS = ("jobs.nudge_lost", "ratelimit.store_failed", "outbox.database_down", "beat.database_down")
RULES = sorted(
    set(re.findall(r"`((?:billing|jobs|outbox|payments|subscriptions|usage|webhooks)\.[a-z_]+)`", TEXT)) - set(EVENTS)
)
VARIABLES = sorted(set(re.findall(r"`([A-Z][A-Z_]{5,})[=`]", TEXT)) - {"INVOICE"})
EXAMPLES = {"FILE": "kept.jsonl", "INVOICE": ids.encode("inv", ids.new()), "NAME": "ada@example.com"}
# What only looks, so that it can be called here.
LOOKS = (
    "check_invariants", "check_invariants --json", "verify_audit", "verify_audit --json", "showmigrations",
    "backfill_mrr --check", "books --as-of 2026-01-31", "recompute --all", "migrate --check", "migrate --plan",
)  # fmt: skip


def test_something_of_each_kind_is_found() -> None:
    found = (LISTS, ROW_PAGES, BUTTONS, COMMANDS, ROUTES, RULES, VARIABLES)
    assert [len(one) >= 5 for one in found] == [True] * len(found)
    assert set(LOOKS) <= set(COMMANDS)


@pytest.mark.django_db
def test_every_page_opens_with_what_it_is_filtered_by() -> None:
    browser = Client()
    browser.force_login(create_operator("ada@example.com", "correct horse battery staple", now=clock.wall()))
    answers = {page: browser.get(page.replace("…", "01")).status_code for page in LISTS}
    assert answers == dict.fromkeys(LISTS, 200)


def button_of(page: str) -> Any:
    """The button at an address of the console."""
    name = resolve(page.replace("…", str(ids.new()))).url_name or ""
    app, model, verb = name.split("_", 2)
    return getattr(admin.site._registry[apps.get_model(app, model)], verb, None)


@pytest.mark.parametrize("page", ROW_PAGES)
def test_every_address_of_a_row_is_that_of_a_button(page: str) -> None:
    assert callable(button_of(page))


@pytest.mark.parametrize(("name", "page"), BUTTONS)
def test_every_button_is_called_so(name: str, page: str) -> None:
    assert button_of(page).short_description == name


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_takes_its_options(line: str) -> None:
    name, *words = (EXAMPLES.get(word, word) for word in line.split())
    command = load_command_class(get_commands()[name], name)
    command.create_parser("manage.py", name).parse_args(words)


@pytest.mark.django_db
@pytest.mark.parametrize("line", LOOKS)
def test_every_command_that_only_looks_runs(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    status: Any = 0
    try:
        call_command(*line.split())
    except SystemExit as end:
        status = end.code or 0
    assert status == 0, capsys.readouterr().out[-500:]


def test_every_route_is_there() -> None:
    described = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))["paths"]
    missing = [(method, route) for method, route in ROUTES if method.lower() not in described.get(route, {})]
    # Health is for machines and stands in no description.
    assert [route for _, route in missing] == ["/api/v1/health/detailed"]
    resolve("/api/v1/health/detailed")


@pytest.mark.parametrize("code", RULES)
def test_every_rule_is_proved(code: str) -> None:
    assert code in {rule.code for rule in invariants.rules()}


@pytest.mark.parametrize("event", EVENTS)
def test_every_line_of_the_log_is_written_by_somebody(event: str) -> None:
    assert f"`{event}`" in TEXT
    sources = (path for path in ROOT.glob("[a-z]*/**/*.py") if "tests" not in path.parts)
    assert any(f'"{event}"' in path.read_text(encoding="utf-8") for path in sources)


def test_every_variable_is_documented() -> None:
    places = [".env.example", "docs/configuration.md"]
    known = "".join((ROOT / place).read_text(encoding="utf-8") for place in places)
    assert [name for name in VARIABLES if name not in known] == []


def test_every_component_of_health_is_named() -> None:
    assert [name for name in health._components if f"`{name}`" not in TEXT] == []


def test_every_case_of_the_table_has_its_chapter() -> None:
    titles = re.findall(r"(?m)^## (.+)$", RAW)
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) == anchors
