"""`make portfolio ADDRESS=…`: one portfolio on the terminal, read by the same services as the server's."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TextIO
from urllib.parse import urlencode

from rich.console import Console

from shared.api.portfolio import PATH, Question, parse_question
from shared.api.portfolio_present import portfolio_body, shown_of
from shared.api.portfolio_schemas import PortfolioBody
from shared.config import Settings
from shared.errors import CallerError, ConfigError, InvalidRequest, Unavailable
from shared.services.addresses import resolve_addresses
from shared.services.chain_reads import PortfolioQuery
from shared.services.portfolio import read_portfolio
from shared.terminal.progress import Progress
from shared.terminal.view import PortfolioView
from shared.wiring import Context, open_context

_USAGE = "make portfolio ADDRESS=0x…    (or python -m functions.terminal ADDRESS [ADDRESS …] [options])"
_EXIT_CODES = """exit code: 0 when something was read (what could not be is listed), 1 when nothing could,
2 for a question or a setting that is wrong"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the portfolio that the arguments ask for; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(options))
    except InvalidRequest as error:
        for fault in error.faults:
            _say(f"{fault.field}: {fault.message}")
        return 2
    except ConfigError as error:
        _say(error.line())
        return 2
    except CallerError as error:
        _say(str(error))
        return 2
    except Unavailable as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def open_console(file: TextIO) -> Console:
    """A console that prints what it is given: no markup, and no escapes where colour is not wanted."""
    if isinstance(file, TextIOWrapper):
        file.reconfigure(errors="replace")  # not every terminal can write every token's name
    console = Console(file=file, markup=False, highlight=False, emoji=False)
    if console.no_color or console.is_dumb_terminal:
        return Console(file=file, markup=False, highlight=False, emoji=False, color_system=None)
    return console


async def _run(options: argparse.Namespace) -> int:
    context = open_context(Settings.from_env())
    try:
        question = parse_question(_query(options), context.chains)
        body = await _read(question, context, open_console(sys.stderr))
    finally:
        await context.close()
    output = open_console(sys.stdout)
    if options.json:
        output.out(json.dumps(body, indent=2))
    else:
        output.print(PortfolioView(body))
    return 1 if all(chain["status"] == "error" for chain in body["chains"]) else 0


async def _read(question: Question, context: Context, console: Console) -> PortfolioBody:
    """What the server would answer, with a line for each chain as it is read."""
    addresses = await resolve_addresses(question.addresses, context)
    query = PortfolioQuery(addresses, question.chains, question.tokens)
    with Progress(console, question.chains) as progress:
        portfolio = await read_portfolio(query, context, on_chain=progress.on_chain)
    shown = shown_of(portfolio, min_value_usd=question.min_value_usd, include_spam=question.include_spam)
    return portfolio_body(portfolio, shown, context.chains, question.asset_ids, PATH)


def _query(options: argparse.Namespace) -> bytes:
    """The arguments as the query of a request, so that they are checked as one."""
    fields = [("address", ",".join(options.address))]
    fields += [
        (name, text)
        for name in ("chains", "tokens", "min_value_usd")
        if (text := getattr(options, name)) is not None
    ]
    if options.include_spam:
        fields.append(("include_spam", "true"))
    return urlencode(fields).encode()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="portfolio",
        usage=_USAGE,
        description=__doc__,
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("address", nargs="+", help="hexadecimal or an ENS name")
    parser.add_argument("--chains", metavar="A,B", help="only these chains, by name or id")
    parser.add_argument("--tokens", metavar="ID,ID", help="further token contracts to read, as CAIP-19 ids")
    parser.add_argument("--min-value-usd", metavar="USD", help="hide what is worth less")
    parser.add_argument("--include-spam", action="store_true", help="show spam too, with the reasons")
    parser.add_argument("--json", action="store_true", help="the answer as the server gives it, on one page")
    return parser


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


if __name__ == "__main__":
    sys.exit(main())
