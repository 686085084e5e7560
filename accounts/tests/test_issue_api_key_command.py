"""`manage.py issue_api_key`."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiKey
from tests.fixtures import Api

pytestmark = pytest.mark.django_db


def issue(capsys, *words: str) -> str:
    call_command("issue_api_key", *words)
    return capsys.readouterr().out.strip()


def test_the_key_works_and_is_recorded(environment, capsys, facts):
    secret = issue(capsys, "sandbox", "--name", "backend")

    assert secret.startswith("sk_test_")
    assert Api(secret).get("/api/v1/plans").status_code == 200
    assert facts() == ["api_key.issued"]


def test_a_key_may_be_for_one_thing_only(environment, capsys):
    secret = issue(capsys, "sandbox", "--scope", "usage:write")
    assert Api(secret).get("/api/v1/plans").status_code == 403


def test_a_publishable_key_has_no_scopes(environment, capsys):
    assert issue(capsys, "sandbox", "--type", "publishable").startswith("pk_test_")


@pytest.mark.parametrize(
    "words", [["nowhere"], ["sandbox", "--tenant", "nobody"], ["platform", "--tenant", "platform"]]
)
def test_an_environment_that_is_not_there_is_said(environment, words):
    with pytest.raises(CommandError, match="no environment"):
        call_command("issue_api_key", *words)


def test_a_scope_that_is_none_is_refused_and_nothing_is_issued(environment):
    with pytest.raises(CommandError):
        call_command("issue_api_key", "sandbox", "--scope", "everything")
    assert not ApiKey.objects.exists()
