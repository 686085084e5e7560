"""Sessions: refreshed, ended, and ended for everybody when a token comes back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts import services
from accounts.models import Login, RefreshToken
from accounts.tests.factories import PASSWORD, register
from core import tenancy
from core.actor import Actor
from core.tenancy import Scope

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def tokens() -> services.Tokens:
    register()
    return services.log_in_customer(email="ada@example.com", password=PASSWORD, address="192.0.2.1", now=NOW)


def refresh(tokens: services.Tokens, at: datetime = LATER) -> services.Tokens:
    return services.refresh_session(refresh_token=tokens.refresh_token, now=at)


def customer_of(tokens: services.Tokens, at: datetime = NOW) -> Actor:
    return services.authenticate_token(tokens.access_token, now=at).actor


def test_only_the_hash_of_a_refresh_token_is_stored(tokens: services.Tokens) -> None:
    following = refresh(tokens)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM accounts_refreshtoken t")
        stored = cursor.fetchone()[0]
    for token in (tokens, following):
        assert token.refresh_token not in stored
        assert token.refresh_token.encode().hex() not in stored


def test_a_refresh_token_gives_the_next_one(tokens: services.Tokens) -> None:
    following = refresh(tokens)
    assert following.refresh_token != tokens.refresh_token
    assert customer_of(following, LATER) == customer_of(tokens)
    refresh(following, LATER + timedelta(minutes=1))


def test_a_token_that_comes_back_ends_its_session(tokens: services.Tokens, facts: Callable[[], list[str]]) -> None:
    following = refresh(tokens)
    with pytest.raises(services.RefreshRefused):
        refresh(tokens, LATER + timedelta(seconds=11))
    assert facts()[-1] == "session.token_reused"
    with pytest.raises(services.RefreshRefused):
        refresh(following, LATER + timedelta(seconds=12))
    with pytest.raises(services.CredentialRefused):
        customer_of(following, LATER)


def test_a_lost_answer_may_be_asked_for_again(tokens: services.Tokens) -> None:
    first = refresh(tokens)
    again = refresh(tokens, LATER + timedelta(seconds=10))
    assert again.refresh_token == first.refresh_token
    assert RefreshToken.objects.filter(used_at=None, login__isnull=False).count() == 2  # the other session's, and this


def test_asking_again_after_the_successor_was_used_is_a_reuse(tokens: services.Tokens) -> None:
    following = refresh(tokens)
    refresh(following, LATER + timedelta(seconds=1))
    with pytest.raises(services.RefreshRefused):
        refresh(tokens, LATER + timedelta(seconds=2))


def test_another_session_lives_on(tokens: services.Tokens) -> None:
    other = services.log_in_customer(email="ada@example.com", password=PASSWORD, address="192.0.2.1", now=NOW)
    refresh(tokens)
    with pytest.raises(services.RefreshRefused):
        refresh(tokens, LATER + timedelta(minutes=1))
    refresh(other)


def test_a_session_ends_after_fourteen_idle_days_and_after_thirty_in_all(tokens: services.Tokens) -> None:
    with pytest.raises(services.RefreshRefused):
        refresh(tokens, NOW + timedelta(days=14))
    current = tokens
    for day in (10, 20, 29):
        current = refresh(current, NOW + timedelta(days=day))
    with pytest.raises(services.RefreshRefused):
        refresh(current, NOW + timedelta(days=30))


def test_an_unknown_token_is_refused() -> None:
    with pytest.raises(services.RefreshRefused):
        services.refresh_session(refresh_token="nothing", now=NOW)


def test_a_token_is_refused_in_another_environment(tokens: services.Tokens, live_environment: Scope) -> None:
    with tenancy.scope(live_environment), pytest.raises(services.RefreshRefused):
        refresh(tokens)
    refresh(tokens)


def test_logging_out_ends_one_session_at_once(tokens: services.Tokens) -> None:
    other = services.log_in_customer(email="ada@example.com", password=PASSWORD, address="192.0.2.1", now=NOW)
    services.end_session(refresh_token=tokens.refresh_token, actor=customer_of(tokens), now=NOW)
    with pytest.raises(services.CredentialRefused):
        customer_of(tokens)
    with pytest.raises(services.RefreshRefused):
        refresh(tokens)
    customer_of(other)


def test_nobody_ends_anothers_session(tokens: services.Tokens) -> None:
    _, other = register("bob@example.com")
    services.end_session(refresh_token=tokens.refresh_token, actor=customer_of(other, datetime.now(UTC)), now=NOW)
    customer_of(tokens)


def test_logging_out_everywhere_ends_every_session(tokens: services.Tokens, facts: Callable[[], list[str]]) -> None:
    services.end_all_sessions(actor=customer_of(tokens), now=NOW)
    with pytest.raises(services.CredentialRefused):
        customer_of(tokens)
    with pytest.raises(services.RefreshRefused):
        refresh(tokens)
    assert facts()[-1] == "session.all_ended"


def test_a_disabled_login_has_no_sessions(tokens: services.Tokens) -> None:
    Login.objects.update(disabled_at=NOW)
    with pytest.raises(services.CredentialRefused):
        customer_of(tokens)
    with pytest.raises(services.RefreshRefused):
        refresh(tokens)


def test_a_refresh_token_is_no_access_token(tokens: services.Tokens) -> None:
    with pytest.raises(services.CredentialRefused):
        services.authenticate_token(tokens.refresh_token, now=NOW)
