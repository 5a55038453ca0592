"""`make watch ADDRESS=…`: what wallets hold, and every change of it, live on the terminal."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from urllib.parse import urlencode

from functions.store_check import check_store
from functions.terminal import open_console, silence_log
from functions.watch_following import Follower
from functions.watch_sources import Connect, Refused, from_server, in_process
from shared.api.stream_read import parse_question
from shared.config import Settings, client_token
from shared.errors import CallerError, ConfigError, InvalidRequest
from shared.terminal.watch_displays import Display, open_display
from shared.terminal.watch_state import Watched
from shared.wiring import open_context

_USAGE = """make watch ADDRESS=0x… [URL=https://…]
       .venv/bin/python -m functions.watch ADDRESS [ADDRESS …] [options]"""
_EXIT_CODES = """exit code: 0 when Ctrl-C ended it, 2 for a question or a setting that is wrong,
143 when another program ended it"""
# Not more often than ten times a second, and once a second at least: ages grow.
_REST_SECONDS = 0.1
_IDLE_SECONDS = 0.9


def main(arguments: Sequence[str] | None = None) -> int:
    """Shows what the arguments ask for until it is interrupted; the exit code."""
    options = _parser().parse_args(arguments)
    silence_log()
    try:
        asyncio.run(_run(options))
    except InvalidRequest as error:
        return _complain("\n".join(f"{fault.field}: {fault.message}" for fault in error.faults))
    except ConfigError as error:
        return _complain(error.line())
    except (CallerError, Refused) as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return 0
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM
    return 0


async def _run(options: argparse.Namespace) -> None:
    async with _source(options) as connect:
        watched, stirred = Watched(), asyncio.Event()
        follower = Follower(connect, watched, stirred.set, _now)
        following = asyncio.create_task(follower.run())
        following.add_done_callback(lambda _: stirred.set())
        try:
            with _signals(stirred.set), open_display(open_console(sys.stdout)) as display:
                await _show(watched, display, stirred, following)
        finally:
            following.cancel()
            await asyncio.wait([following])
        following.result()


async def _show(
    watched: Watched, display: Display, stirred: asyncio.Event, following: asyncio.Task[None]
) -> None:
    """Show what there is until nobody follows any more."""
    while not following.done():
        stirred.clear()
        display.show(watched, _now())
        await asyncio.sleep(_REST_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_SECONDS):
                await stirred.wait()


@asynccontextmanager
async def _source(options: argparse.Namespace) -> AsyncIterator[Connect]:
    """A server's stream where there is a URL, else our own."""
    fields = [("address", ",".join(options.address))] if options.address else []
    query = urlencode(fields + ([("chains", options.chains)] if options.chains else []), safe=",")
    if options.url is not None:
        async with from_server(options.url, query, client_token()) as connect:
            yield connect
        return
    settings = Settings.from_env()
    await check_store(settings)
    context = open_context(settings)
    try:
        yield in_process(parse_question(query.encode(), context.chains), context)
    finally:
        await context.close()


@contextmanager
def _signals(resized: Callable[[], None]) -> Iterator[None]:
    """Who is told to end restores the terminal first; a frame is drawn anew when its size changes."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # this is called by one
    handled = (signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH)
    for number in handled:
        loop.add_signal_handler(number, resized if number == signal.SIGWINCH else task.cancel)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


def _now() -> datetime:
    return datetime.now(UTC)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="watch",
        usage=_USAGE,
        description=__doc__,
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("address", nargs="+", help="hexadecimal or an ENS name")
    parser.add_argument("--chains", metavar="A,B", help="only these chains, by name or id")
    parser.add_argument(
        "--url", metavar="URL", help="a server to ask, with the token in CHAINFOLIO_TOKEN if there is one"
    )
    return parser


def _complain(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
