"""Every function on one port: `python -m functions.local`."""

from __future__ import annotations

import asyncio
import importlib
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from functions.connections import Connection
from functions.store_check import check_store
from shared.api.app import join_apps
from shared.config import Settings
from shared.errors import ConfigError
from shared.web.app import App
from shared.web.operations import OPERATION_PATHS
from shared.wiring import Context

# This machine only: without AUTH_MODE=oidc everybody who reaches the port is the one local user.
HOST = "127.0.0.1"
_SHUTDOWN_SECONDS = 3
_BAD_SETTING = 2


def main() -> None:
    """Serve until Ctrl-C; a bad setting, a taken port or an unusable store ends it with one line."""
    apps = load_apps()
    settings = Settings.from_env()
    try:
        bound = bind(settings.port)
    except OSError as error:
        sys.exit(f"port {settings.port} of {HOST} cannot be used ({error.strerror}): set PORT to another one")
    try:
        asyncio.run(check_store(settings))
    except ConfigError as error:
        sys.stderr.write(f"{error.line()}\n")
        sys.exit(_BAD_SETTING)
    announce(apps, settings.port)
    serve(join_apps(apps, settings), bound)


def load_apps() -> tuple[App[Context], ...]:
    """The app of every function's folder, by name."""
    names = sorted(path.parent.name for path in Path(__file__).parent.glob("*/main.py"))
    return tuple(importlib.import_module(f"functions.{name}.main").app for name in names)


def bind(port: int) -> socket.socket:
    """The port, taken before anything is said about it. Raises OSError."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound


def announce(apps: Sequence[App[Context]], port: int) -> None:
    """Say what is served where."""
    served = {route.path for app in apps for route in app.routes}
    paths = sorted(served, key=lambda path: (path in OPERATION_PATHS, path))
    lines = [
        f"chainfolio serves on http://{HOST}:{port}",
        *(f"  http://{HOST}:{port}{path}" for path in paths),
    ]
    sys.stdout.write("\n".join([*lines, "Ctrl-C ends it.\n"]))
    sys.stdout.flush()


def serve(app: App[Context], bound: socket.socket) -> None:
    """Serve on a bound socket until SIGINT or SIGTERM, then close what is open."""
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        log_config=None,
        lifespan="on",
        http=Connection,
        ws="none",
        proxy_headers=False,  # there is no proxy: whoever sends X-Forwarded-For made it up
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    try:
        uvicorn.Server(config).run(sockets=[bound])
    except KeyboardInterrupt:
        return  # uvicorn has shut down cleanly and passes the signal on


if __name__ == "__main__":
    main()
