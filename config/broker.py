"""The broker as our programs reach it: a connection that can be closed after the server has gone."""

from typing import Any

from celery.app.amqp import AMQP
from kombu import Connection


class BrokerConnection(Connection):
    def maybe_close_channel(self, channel: Any) -> None:
        """This function will close a channel, also one whose transport was given up before it.

        If Redis goes away while a message is on its way, kombu gives up the transport first. The channel then asks it
        for the server's address, to hand back what was not acknowledged, and a worker would end by that instead of
        connecting again. Nothing is lost: a message is a nudge, and what is to be done stands in `jobs`.
        """
        try:
            super().maybe_close_channel(channel)
        except AttributeError:
            if channel.connection.client is not None:
                raise


class Broker(AMQP):
    Connection = BrokerConnection
