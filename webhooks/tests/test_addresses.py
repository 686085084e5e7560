"""Where requests may go: asked when an endpoint is registered, and again at every attempt."""

import datetime
import ssl
from ipaddress import ip_address
from threading import Event

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from audit.models import Entry
from core import tenancy
from core.urlguard import EndpointNotAllowed, Target
from jobs import claims
from jobs import internal as jobs
from outbox.internal import relay_here
from webhooks import addresses, internal, services, transport
from webhooks.internal import DeliveryFailed
from webhooks.models import Delivery, DeliveryAttempt
from webhooks.tests.receiver import listening

pytestmark = pytest.mark.django_db

PUBLIC = "93.184.215.14"


def handle_facts() -> None:
    """Let the handlers react, without making what they queue."""
    while (claim := claims.of_queues("q:out:relay")) is not None:
        jobs.do(claim)


def resolves_to(*answers: str) -> addresses.Resolve:
    return lambda _host, _port: answers


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"])
def test_a_name_that_leads_inside_is_refused_without_telling_where(address):
    with pytest.raises(EndpointNotAllowed) as refused:
        services.aim("https://hooks.example.com/x", is_live=False, resolve=resolves_to(PUBLIC, address))

    assert address not in repr(refused.value.members)
    assert refused.value.members == {"reason": "address"}


def test_a_name_without_an_address_is_refused_in_the_same_words():
    with pytest.raises(EndpointNotAllowed) as refused:
        services.aim("https://hooks.example.com/x", is_live=False, resolve=resolves_to())

    assert refused.value.members == {"reason": "address"}


def test_the_systems_resolver_is_given_up_after_its_time(monkeypatch):
    let_go = Event()
    monkeypatch.setattr(addresses, "RESOLVE_S", 0.05)
    monkeypatch.setattr(addresses, "_look_up", lambda *_: let_go.wait(30))

    assert addresses.resolve("hooks.example.com", 443) == ()
    let_go.set()


def test_the_systems_resolver_knows_this_machine():
    assert "127.0.0.1" in addresses.resolve("localhost", 443)
    assert addresses.resolve("no such name", 443) == []


@pytest.mark.parametrize("url", ["http://testserver.example/x", "https://127.0.0.1:8443/x"])
def test_the_house_is_not_its_own_receiver(settings, url):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://127.0.0.1:8443", ["testserver.example"]
    with pytest.raises(EndpointNotAllowed):
        services.aim(url, is_live=False, resolve=resolves_to(PUBLIC))


def test_a_name_that_leads_inside_only_at_the_attempt_is_not_sent_to(actor, now, happen):
    with listening() as receiver:
        url = f"http://hooks.example.com:{receiver.port}/"
        aim = services.aim(url, is_live=False, resolve=resolves_to(PUBLIC))
        services.create_endpoint(aim=aim, event_filters=["outbox.tested"], actor=actor, now=now)
        happen()
        relay_here()
        handle_facts()
        delivery = Delivery.objects.get()
        with pytest.raises(DeliveryFailed, match="endpoint_not_allowed"):
            internal.deliver(delivery_id=delivery.id, resolve=resolves_to("127.0.0.1"))

    assert receiver.received == []
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.status, attempt.error, attempt.response) == (None, "endpoint_not_allowed", "")


def test_a_name_is_connected_to_at_the_checked_address(actor, now, loopback):
    with listening() as receiver:
        url = f"http://hooks.example.com:{receiver.port}/x"
        answers = [["127.0.0.1"], [PUBLIC]]
        aim = services.aim(url, is_live=False, resolve=lambda *_: answers.pop(0))
        answer = transport.send(aim.target, body=b"{}", headers={})

    assert answer.is_accepted
    assert receiver.received[0].headers["Host"] == f"hooks.example.com:{receiver.port}"
    assert answers == [[PUBLIC]], "the name was asked once"


def test_the_next_address_is_tried_when_one_cannot_be_reached(settings):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8", "::1/128"]
    with listening() as receiver:
        url = f"http://hooks.example.com:{receiver.port}/x"
        aim = services.aim(url, is_live=False, resolve=resolves_to("::1", "127.0.0.1"))
        answer = transport.send(aim.target, body=b"{}", headers={})

    assert answer.is_accepted


def test_every_use_of_the_operators_exception_is_audited(register, happen, run_jobs):
    with listening() as receiver:
        endpoint = register(receiver.url, event_filters=["outbox.tested"])
        happen()
        run_jobs()

    used = Entry.objects.filter(action="webhook.exception_used", target=endpoint.public_id).order_by("id")
    assert [entry.actor for entry in used] == ["key:key_test", "system:worker"]
    assert "127.0.0.1" in used[0].text


def test_a_public_address_needs_no_exception_and_leaves_no_entry(actor, now, loopback):
    aim = services.aim("https://hooks.example.com/x", is_live=True, resolve=resolves_to(PUBLIC))
    services.create_endpoint(aim=aim, actor=actor, now=now)

    assert not Entry.objects.filter(action="webhook.exception_used").exists()


def test_live_environments_take_no_exception_unless_it_was_acknowledged(loopback, settings):
    url = "https://127.0.0.1:8443/x"
    with pytest.raises(EndpointNotAllowed):
        services.aim(url, is_live=True)
    settings.OUTBOUND_ALLOWED_NETWORKS_IN_LIVE = True

    assert services.aim(url, is_live=True).is_exception


def test_live_environments_demand_https(live_environment):
    with tenancy.scope(live_environment), pytest.raises(EndpointNotAllowed) as refused:
        services.aim("http://hooks.example.com/x", is_live=True, resolve=resolves_to(PUBLIC))

    assert refused.value.members == {"reason": "scheme"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for hooks.example.com that only whoever is told believes: (its file, its key's file)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.com")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(start).not_valid_after(start.replace(year=2060))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.parametrize(
    ("host", "is_believed", "error"),
    [
        ("hooks.example.com", True, ""),
        ("hooks.example.com", False, "tls_failed"),
        ("other.example.com", True, "tls_failed"),
    ],
)
def test_certificates_are_checked_for_the_name_and_not_the_address(certificate, host, is_believed, error):
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(*certificate)
    named: list[str | None] = []
    serving.sni_callback = lambda _socket, name, _context: named.append(name)
    trust = ssl.create_default_context(cafile=certificate[0]) if is_believed else None
    with listening(context=serving) as receiver:
        target = Target(scheme="https", host=host, port=receiver.port, path="/", addresses=(ip_address("127.0.0.1"),))
        answer = transport.send(target, body=b"{}", headers={}, trust=trust)

    assert answer.error == error
    assert named == [host]
