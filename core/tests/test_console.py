"""The console shows, and its buttons call verbs."""

import re
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
        if reason == "fail":
            raise RuntimeError("a bug of the verb")
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
    own = type(admin.site._registry[IdempotencyRecord])
    admin.site.unregister(IdempotencyRecord)
    admin.site.register(IdempotencyRecord, Records)
    settings.ROOT_URLCONF = "core.tests.console_urls"
    row = IdempotencyRecord.objects.create(
        principal="key:key_x", key="row-key", fingerprint=b"x" * 32, state="completed",
        recovery_point="finished", status=200, request_id="r", created_at=now, completed_at=now, expires_at=now,
    )  # fmt: skip
    yield row
    admin.site.unregister(IdempotencyRecord)
    admin.site.register(IdempotencyRecord, own)


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


def _key_in(form: Any) -> str:
    [key] = re.findall(r'name="idempotency_key" value="([^"]+)"', form.content.decode())
    return key


def _body() -> str:
    return IdempotencyRecord.objects.get(key="row-key").body


def _spoil() -> None:
    """Leave another text in the row, so that a second press could be seen."""
    IdempotencyRecord.objects.filter(key="row-key").update(body="not pressed again")


def test_every_form_has_a_key_of_its_own(page: Any, operator: Any) -> None:
    client = _client(operator, SEE, FINISH)
    assert _key_in(client.get(f"{LIST}{page.pk}/finish/")) != _key_in(client.get(f"{LIST}{page.pk}/finish/"))


def test_a_form_that_is_corrected_keeps_its_key(page: Any, operator: Any) -> None:
    client = _client(operator, SEE, FINISH)
    key = _key_in(client.get(f"{LIST}{page.pk}/finish/"))
    refused = client.post(f"{LIST}{page.pk}/finish/", {"reason": "", "idempotency_key": key})
    assert _key_in(refused) == key
    assert not IdempotencyRecord.objects.filter(key=key).exists()


def test_a_form_sent_twice_is_pressed_once_and_says_the_same(page: Any, operator: Any) -> None:
    client = _client(operator, SEE, FINISH)
    sent = {"reason": "asked", "idempotency_key": _key_in(client.get(f"{LIST}{page.pk}/finish/"))}
    first = client.post(f"{LIST}{page.pk}/finish/", sent, follow=True)
    assert _body().endswith("asked")
    _spoil()
    again = client.post(f"{LIST}{page.pk}/finish/", sent, follow=True)
    assert "Finished row-key." in first.content.decode()
    assert "Finished row-key." in again.content.decode()
    assert _body() == "not pressed again"


def test_a_refused_form_sent_twice_is_refused_with_the_same_words(page: Any, operator: Any) -> None:
    client = _client(operator, SEE, FINISH)
    sent = {"reason": "refuse", "idempotency_key": _key_in(client.get(f"{LIST}{page.pk}/finish/"))}
    for _ in range(2):
        assert "Not today." in client.post(f"{LIST}{page.pk}/finish/", sent, follow=True).content.decode()
    assert _body() == ""
    assert IdempotencyRecord.objects.get(key=sent["idempotency_key"]).status == 409


def test_the_key_of_another_form_is_refused(page: Any, operator: Any) -> None:
    client = _client(operator, SEE, FINISH)
    key = _key_in(client.get(f"{LIST}{page.pk}/finish/"))
    client.post(f"{LIST}{page.pk}/finish/", {"reason": "first", "idempotency_key": key})
    _spoil()
    other = client.post(f"{LIST}{page.pk}/finish/", {"reason": "other", "idempotency_key": key}, follow=True)
    assert "was used for another request" in other.content.decode()
    assert _body() == "not pressed again"


def test_a_press_that_fails_leaves_its_key_new(page: Any, operator: Any) -> None:
    client = _client(operator, SEE, FINISH)
    client.raise_request_exception = False
    key = _key_in(client.get(f"{LIST}{page.pk}/finish/"))
    assert client.post(f"{LIST}{page.pk}/finish/", {"reason": "fail", "idempotency_key": key}).status_code == 500
    assert not IdempotencyRecord.objects.filter(key=key).exists()


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
