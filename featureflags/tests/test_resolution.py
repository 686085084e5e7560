"""Feature flags: which answer wins."""

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from core.conformance import Case
from featureflags.resolution import Override, answer_of, parse_word, read_environment, resolve
from tests.conformance import cases, check


@pytest.mark.parametrize("case", cases("flags"))
def test_a_flag_in_an_environment(case: Case) -> None:
    check("flags", case)


def test_an_override_beats_the_default_and_loses_to_the_environment() -> None:
    assert resolve("new_billing_flow", read_environment({}), override=True)
    for environment in ({"FF_NEW_BILLING_FLOW": "0"}, {"FEATURE_FLAGS": '{"new_billing_flow": false}'}):
        assert not resolve("new_billing_flow", read_environment(environment), override=True)


def test_the_callers_default_beats_the_general_one_and_no_known_one() -> None:
    everything_on = read_environment({"FF_DEFAULT_ENABLED": "on"})
    assert not resolve("teleport", everything_on, default=False)
    assert not resolve("new_billing_flow", everything_on, default=True)
    assert resolve("plans_enabled", read_environment({}), default=False)


@pytest.mark.parametrize(
    "document", ["[]", "true", "nonsense", "", '{"a": 1}', '{"a": null}', '{"a": {"b": true}}', "[" * 100_000]
)
def test_a_document_that_cannot_be_used_is_named(document: str) -> None:
    configured = read_environment({"FEATURE_FLAGS": document, "FF_A": "maybe", "FF_B": "yes", "PATH": "maybe"})
    assert configured.ignored == ("FEATURE_FLAGS", "FF_A")
    assert configured.variables == {"B": True}
    assert configured.document == {}


@pytest.mark.parametrize("word", ["true ", " 1", "2", "", "enabled", "tru", "nope", "1.0"])
def test_other_words_say_nothing(word: str) -> None:
    assert parse_word(word) is None


@generated(st.dictionaries(st.text(max_size=20).map(lambda name: f"FF_{name}"), st.text(max_size=8)), st.text())
def test_any_environment_can_be_read(environment: dict[str, str], document: str) -> None:
    configured = read_environment({**environment, "FEATURE_FLAGS": document})
    assert resolve("plans_enabled", configured) in (True, False)


def test_an_override_may_be_about_some_tenants_and_customers() -> None:
    override = Override(enabled=True, tenants=frozenset({"ten_1"}), customers=frozenset({"cus_1"}))
    assert answer_of(override, "f", tenant="ten_1", customer="cus_1") is True
    assert answer_of(override, "f", tenant="ten_2", customer="cus_1") is None
    assert answer_of(override, "f", tenant="ten_1", customer="cus_2") is None
    assert answer_of(override, "f", tenant="ten_1") is None
    assert answer_of(Override(enabled=False), "f") is False


@generated(subject=st.text(min_size=1), low=st.integers(0, 100), high=st.integers(0, 100))
def test_a_larger_share_includes_the_smaller(subject: str, low: int, high: int) -> None:
    subject = subject.encode("utf-8", "replace").decode()
    small, large = (
        answer_of(Override(enabled=True, percentage=share), "f", tenant=subject) for share in sorted((low, high))
    )
    assert large or not small


def test_a_share_is_about_that_large() -> None:
    override = Override(enabled=True, percentage=20)
    hits = sum(answer_of(override, "f", customer=f"cus_{number}") is True for number in range(2000))
    assert 300 < hits < 500
    assert answer_of(Override(enabled=True, percentage=0), "f", customer="cus_1") is None
    assert answer_of(Override(enabled=True, percentage=100), "f", customer="cus_1") is True
