"""The console shows, and its buttons call verbs."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from core import console, errors
from core.models import Environment, IdempotencyRecord
from core.tenancy import scopes

pytestmark = pytest.mark.django_db


class Refused(errors.Conflict):
    code = "refused_here"
    title = "Not today."


class Records(console.ConsoleAdmin):
    """A page with one button, for these tests."""

    list_display = ("key",)
    search_fields = ("key",)
    list_filter = ("principal",)
    actions_detail = ("finish",)

    @console.verb(description="Finish", permission="finish")
    def finish(self, request: Any, row: Any, reason: str) -> str | None:
        """Write who pressed, where and why; refuse when told so."""
        IdempotencyRecord.objects.filter(pk=row.pk).update(body=f"{console.actor(request).label} {reason}")
        if reason == "refuse":
            raise Refused
        assert scopes.require().environment_id == row.environment_id
        return f"Finished {row.key}."


@pytest.fixture
def operator() -> Any:
    """A staff member who may see nothing yet."""
    user: Any = get_user_model()(email="op@perennial.example", is_staff=True, is_active=True)
    user.set_password("correct horse battery")
    user.save()
    return user


@pytest.fixture
def page(settings: Any, environment: Any, now: Any) -> Any:
    """A registered page and a row to show."""
    admin.site.register(IdempotencyRecord, Records)
    settings.ROOT_URLCONF = "core.tests.console_urls"
    row = IdempotencyRecord.objects.create(
        principal="key:key_x", key="row-key", fingerprint=b"x" * 32, status=200, request_id="r", created_at=now,
        expires_at=now,
    )  # fmt: skip
    yield row
    admin.site.unregister(IdempotencyRecord)


def _permission(name: str) -> Permission:
    """Return a permission such as `core.finish_idempotencyrecord`, made where migrations did not."""
    kind = ContentType.objects.get_for_model(IdempotencyRecord)
    codename = name.partition(".")[2]
    return Permission.objects.get_or_create(codename=codename, content_type=kind, defaults={"name": codename})[0]


def _client(user: Any, *permissions: str) -> Client:
    user.user_permissions.set([_permission(name) for name in permissions])
    client = Client()
    client.force_login(user)
    return client


LIST = "/admin/core/idempotencyrecord/"
SEE, FINISH = "core.view_idempotencyrecord", "core.finish_idempotencyrecord"


def test_a_page_shows_rows_of_every_environment_with_its_name(page: Any, operator: Any) -> None:
    answer = _client(operator, SEE).get(LIST)
    assert answer.status_code == 200
    assert "row-key" in answer.content.decode()
    assert "sandbox" in answer.content.decode()


def test_who_may_not_see_sees_nothing(page: Any, operator: Any) -> None:
    assert _client(operator).get(LIST).status_code == 403
    assert Client().get(LIST).status_code == 302


def test_rows_can_be_neither_made_nor_changed_nor_deleted(page: Any, operator: Any) -> None:
    client = _client(operator, SEE, *(f"core.{verb}_idempotencyrecord" for verb in ("add", "change", "delete")))
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{page.pk}/change/", {"key": "other"}).status_code == 403
    assert client.post(f"{LIST}{page.pk}/delete/", {"post": "yes"}).status_code == 403
    assert IdempotencyRecord.objects.get().key == "row-key"


def test_a_button_asks_for_a_reason_and_calls_the_verb_in_the_rows_environment(page: Any, operator: Any) -> None:
    client = _client(operator, SEE, FINISH)
    assert "Finish" in client.get(f"{LIST}{page.pk}/change/").content.decode()
    asked = client.get(f"{LIST}{page.pk}/finish/")
    assert "Reason" in asked.content.decode()
    assert IdempotencyRecord.objects.get().body == ""
    assert client.post(f"{LIST}{page.pk}/finish/", {"reason": ""}).status_code == 200
    assert IdempotencyRecord.objects.get().body == ""
    done = client.post(f"{LIST}{page.pk}/finish/", {"reason": "the customer asked"}, follow=True)
    assert "Finished row-key." in done.content.decode()
    assert IdempotencyRecord.objects.get().body.startswith("operator:")
    assert IdempotencyRecord.objects.get().body.endswith("the customer asked")


def test_a_refusal_is_shown_and_changes_nothing(page: Any, operator: Any) -> None:
    done = _client(operator, SEE, FINISH).post(f"{LIST}{page.pk}/finish/", {"reason": "refuse"}, follow=True)
    assert "Not today." in done.content.decode()
    assert IdempotencyRecord.objects.get().body == ""


def test_a_button_needs_its_own_permission(page: Any, operator: Any) -> None:
    client = _client(operator, SEE)
    assert "/finish" not in client.get(f"{LIST}{page.pk}/change/").content.decode()
    assert client.post(f"{LIST}{page.pk}/finish/", {"reason": "because"}).status_code == 403
    assert IdempotencyRecord.objects.get().body == ""


def test_the_sidebar_holds_what_the_operator_may_see(operator: Any, rf: Any) -> None:
    request = rf.get("/admin/")
    request.user = operator
    assert console.sidebar(request) == []
    operator.is_superuser = True
    pages = [one["link"] for room in console.sidebar(request) for one in room["items"]]
    assert pages
    assert len(pages) == len(set(pages))


def test_every_page_can_be_searched_and_filtered() -> None:
    ours = [page for page in admin.site._registry.values() if isinstance(page, console.ConsoleAdmin)]
    lacking = [str(page) for page in ours if not page.search_fields or not (page.list_filter or page._is_scoped([]))]
    assert lacking == []


def test_every_page_of_the_sidebar_is_of_a_model_that_exists() -> None:
    for pages in console.ROOMS.values():
        for _, _, label in pages:
            assert apps.get_model(label)


def test_a_draft_may_be_edited_until_it_is_none(page: Any, operator: Any, rf: Any) -> None:
    request = rf.get("/admin/")
    request.user = operator
    operator.is_superuser = True
    drafts = console.DraftAdmin(Environment, admin.site)
    row = Environment(slug="x")
    for status, expected in (("draft", True), ("published", False)):
        row.status = status  # type: ignore[attr-defined]
        assert drafts.has_change_permission(request, row) is expected
    assert drafts.has_change_permission(request) is False
