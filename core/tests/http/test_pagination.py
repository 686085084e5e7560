"""Pages hold still while rows come and go, and their cursors are of no use elsewhere."""

import pytest

from core import tenancy
from core.models import Tenant
from core.tests.http.conftest import Caller, problem

pytestmark = pytest.mark.django_db
THINGS = "/api/v1/things"


@pytest.fixture
def seven(edge: Caller) -> list[str]:
    """Names of seven things of one kind, the newest first."""
    for number in range(7):
        Tenant.objects.create(name=f"t{number}", slug=f"t{number}")
    return [f"t{number}" for number in reversed(range(7))]


def names(page: dict[str, object]) -> list[str]:
    """Return the names on a page that are ours: migrations made another tenant."""
    return [one["name"] for one in page["data"] if one["name"].startswith("t")]  # type: ignore[attr-defined]


def test_all_rows_are_read_once_forth_and_back(edge: Caller, seven: list[str]) -> None:
    page, pages = edge.get(f"{THINGS}?limit=3").json(), []
    assert page["previous"] is None
    while page["next"]:
        pages.append(page)
        page = edge.get(f"{THINGS}?limit=3&cursor={page['next']}").json()
    assert [name for one in [*pages, page] for name in names(one)] == seven
    for earlier in reversed(pages):
        page = edge.get(f"{THINGS}?limit=3&cursor={page['previous']}").json()
        assert page["data"] == earlier["data"]
    assert page["previous"] is None
    assert page["next"] is not None


def test_rows_that_come_or_go_move_no_page(edge: Caller, seven: list[str]) -> None:
    first = edge.get(f"{THINGS}?limit=3").json()
    Tenant.objects.create(name="t-new", slug="t-new")
    Tenant.objects.filter(name__in=["t6", "t4"]).delete()
    second = edge.get(f"{THINGS}?limit=3&cursor={first['next']}").json()
    assert names(first) + names(second) == seven[:6]


def test_an_empty_list_is_an_empty_page(edge: Caller) -> None:
    page = edge.get(f"{THINGS}?name=nobody").json()
    assert page == {"data": [], "next": None, "previous": None}


def test_a_cursor_is_good_for_its_own_list_only(
    edge: Caller, seven: list[str], live_environment: tenancy.Scope
) -> None:
    cursor = edge.get(f"{THINGS}?limit=3").json()["next"]
    assert edge.get(f"{THINGS}?limit=5&cursor={cursor}").status_code == 200
    assert problem(edge.get(f"{THINGS}?cursor={cursor}&name=t1")) == (400, "invalid_cursor")
    assert problem(edge.get(f"{THINGS}?cursor={cursor[:-2]}AA")) == (400, "invalid_cursor")
    assert problem(edge.get(f"{THINGS}?cursor={'A' * 5000}")) == (400, "invalid_cursor")
    with tenancy.scope(live_environment):
        assert problem(edge.get(f"{THINGS}?cursor={cursor}")) == (400, "invalid_cursor")
