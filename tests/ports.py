"""Ports for servers that must be told theirs: chosen by the system, and kept from everybody else."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port of 127.0.0.1 that nobody else is given for the next minute, tests in other processes included.

    A connection to it has just been closed on the port's own side, so the system gives it neither to those
    who ask for any port nor to outgoing connections. Servers bind it by number, as their libraries let
    them do while it rests.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as caller:
            accepted, _ = listening.accept()
            accepted.close()  # who closes first is the one whose port rests
            caller.recv(1)
    return port
