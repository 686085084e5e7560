"""Gateways by name. Which one an environment uses is decided here and nowhere else."""

from payments.gateways.base import Gateway
from payments.gateways.sandbox import Sandbox

_GATEWAYS: dict[str, Gateway] = {"sandbox": Sandbox()}

DEFAULT = "sandbox"


def named(name: str) -> Gateway:
    """This function will return a gateway by the name that attempts and methods keep.

    :raises KeyError: if this code has no such gateway.
    """
    return _GATEWAYS[name]
