"""The audit log over HTTP."""

import pytest

from audit import internal
from audit.models import Entry
from core.tenancy import PLATFORM_ID
from core.tenancy.system import system_scope
from outbox.services import send_test_fact

pytestmark = pytest.mark.django_db
LOG = "/api/v1/audit-log"


@pytest.fixture
def one(api, actor, now) -> dict:
    send_test_fact(note="hello", actor=actor, now=now)
    internal.seal()
    (entry,) = api.get(LOG, action="outbox.tested").json()["data"]
    return entry


def test_an_entry_says_who_did_what_to_what(one):
    assert (one["actor"], one["action"], one["outcome"]) == ("key:key_test", "outbox.tested", "success")
    assert one["target"].startswith("env_")
    assert one["event"].startswith("evt_")
    assert one["metadata"] == {"note": "hello"}
    assert one["sequence"] >= 1


def test_one_is_read_by_its_id(api, one):
    assert api.get(f"{LOG}/{one['id']}").json() == one


def test_an_entry_that_is_not_sealed_yet_has_no_place(api, actor, now):
    send_test_fact(note="hello", actor=actor, now=now)
    assert api.get(LOG, action="outbox.tested").json()["data"][0]["sequence"] is None


@pytest.mark.parametrize("query", [{"actor": "key:nobody"}, {"outcome": "denied"}, {"until": "2000-01-01T00:00:00Z"}])
def test_the_log_is_narrowed(api, one, query):
    assert api.get(LOG, **query).json()["data"] == []


def test_nobody_writes_or_deletes(api, one):
    for response in (api.post(LOG, {}), api.patch(f"{LOG}/{one['id']}", {}), api.delete(f"{LOG}/{one['id']}")):
        assert response.status_code == 405


def test_another_environments_entry_is_not_there(stranger_api, one):
    assert stranger_api.get(f"{LOG}/{one['id']}").status_code == 404


def test_a_page_takes_a_constant_number_of_queries(api, actor, now, django_assert_max_num_queries):
    for number in range(20):
        send_test_fact(note=str(number), actor=actor, now=now)
    internal.seal()
    with django_assert_max_num_queries(8):
        assert len(api.get(LOG, limit=20).json()["data"]) == 20


def test_a_refused_key_is_in_the_platforms_log(api):
    response = api.client.get(LOG, headers={"X-API-Key": "sk_test_00000000" + "x" * 32})
    with system_scope("test"):
        entry = Entry.objects.get(action="request.denied")

    assert response.status_code == 401
    assert (entry.environment_id, entry.outcome) == (PLATFORM_ID, "denied")
