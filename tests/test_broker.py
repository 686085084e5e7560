"""The connection to the broker, when the broker goes away at the worst instant."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from kombu import Connection
from redis.exceptions import ConnectionError as RedisDown


def _lose(channel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def poll() -> None:
        channel._in_poll = False
        raise RedisDown("gone in the middle of a poll")

    monkeypatch.setattr(channel, "_in_poll", True)
    monkeypatch.setattr(channel, "_brpop_read", poll)


@pytest.fixture(params=["ours", "kombu's"])
def lost(request, monkeypatch) -> Iterator[Connection]:
    """A connection with a message that was not acknowledged, lost in a poll and given up, as a worker does it."""
    url = current_app.conf.broker_url
    connection = current_app.connection_for_read(url) if request.param == "ours" else Connection(url)
    queue = connection.SimpleQueue("test.broker")
    queue.put({"one": 1})
    queue.get(timeout=5)
    for channel in (connection.default_channel, connection.channel()):
        _lose(channel, monkeypatch)
    connection.collect()
    yield connection
    with current_app.connection_for_write() as other:
        used: Any = other.default_channel
        used.queue_delete("test.broker")


@pytest.mark.parametrize("lost", ["ours"], indirect=True)
def test_a_connection_lost_in_a_poll_can_be_closed(lost):
    lost.close()
    assert not lost.connected


@pytest.mark.parametrize("lost", ["kombu's"], indirect=True)
def test_without_our_connection_the_worker_would_end(lost):
    with pytest.raises(AttributeError, match="hostname"):
        lost.close()


def test_the_application_speaks_to_the_broker_by_it():
    assert type(current_app.connection_for_read()).__name__ == "BrokerConnection"
