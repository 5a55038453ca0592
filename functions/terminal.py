"""`make portfolio ADDRESS=…`: one portfolio on the terminal, read as the server does, or by one."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TextIO, cast
from urllib.parse import urlencode

from rich.console import Console

from functions.server_answers import read_answer
from functions.watch_sources import Refused
from shared.api.portfolio import PATH, Question, parse_question
from shared.api.portfolio_present import portfolio_body, shown_of
from shared.api.portfolio_schemas import PortfolioBody
from shared.config import Settings, client_token
from shared.errors import CallerError, ConfigError, InvalidRequest, Unavailable
from shared.services.addresses import resolve_addresses
from shared.services.chain_reads import PortfolioQuery
from shared.services.portfolio import read_portfolio
from shared.terminal.progress import Progress
from shared.terminal.view import PortfolioView
from shared.wiring import Context, open_context

_USAGE = """make portfolio ADDRESS=0x… [URL=http://…]
       .venv/bin/python -m functions.terminal ADDRESS [ADDRESS …] [options]"""
_EXIT_CODES = """exit code: 0 when something was read (what could not be is listed), 1 when nothing could,
2 for a question or a setting that is wrong"""
_NOBODY = "no chain could be reached: is there a network? RPC_URL_<chain id> names an endpoint of your own"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the portfolio that the arguments ask for; the exit code."""
    options = _parser().parse_args(arguments)
    silence_log()
    try:
        return asyncio.run(_run(options))
    except InvalidRequest as error:
        for fault in error.faults:
            _say(f"{fault.field}: {fault.message}")
        return 2
    except ConfigError as error:
        _say(error.line())
        return 2
    except (CallerError, Refused) as error:
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


def silence_log() -> None:
    """What goes wrong is drawn; without a place for the log, Python would write its warnings in between."""
    logging.getLogger().addHandler(logging.NullHandler())


async def _run(options: argparse.Namespace) -> int:
    body = await (_ask(options) if options.url is not None else _read_here(options))
    output = open_console(sys.stdout)
    if options.json:
        output.out(json.dumps(body, indent=2))
    else:
        output.print(PortfolioView(body))
    if any(chain["status"] != "error" for chain in body["chains"]):
        return 0
    if options.url is None:
        _say(_NOBODY)
    return 1


async def _ask(options: argparse.Namespace) -> PortfolioBody:
    """What a server answers."""
    answer = await read_answer(options.url, PATH, _query(options), client_token())
    if not isinstance(answer, dict) or not PortfolioBody.__required_keys__ <= answer.keys():
        raise Unavailable("the server's answer is not a portfolio")
    return cast(PortfolioBody, answer)


async def _read_here(options: argparse.Namespace) -> PortfolioBody:
    context = open_context(Settings.from_env())
    try:
        question = parse_question(_query(options).encode(), context.chains)
        return await _read(question, context, open_console(sys.stderr))
    finally:
        await context.close()


async def _read(question: Question, context: Context, console: Console) -> PortfolioBody:
    """What the server would answer, with a line for each chain as it is read."""
    addresses = await resolve_addresses(question.addresses, context)
    query = PortfolioQuery(addresses, question.chains, question.tokens)
    with Progress(console, question.chains) as progress:
        portfolio = await read_portfolio(query, context, on_chain=progress.on_chain)
    shown = shown_of(portfolio, min_value_usd=question.min_value_usd, include_spam=question.include_spam)
    return portfolio_body(portfolio, shown, context.chains, question.asset_ids, PATH)


def _query(options: argparse.Namespace) -> str:
    """The arguments as the query of a request, so that they are checked as one."""
    fields = [("address", ",".join(options.address))]
    fields += [
        (name, text)
        for name in ("chains", "tokens", "min_value_usd")
        if (text := getattr(options, name)) is not None
    ]
    if options.include_spam:
        fields.append(("include_spam", "true"))
    return urlencode(fields)


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
    parser.add_argument(
        "--url", metavar="URL", help="a server to ask, with the token in CHAINFOLIO_TOKEN if there is one"
    )
    parser.add_argument("--json", action="store_true", help="the answer as the server gives it, on one page")
    return parser


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


if __name__ == "__main__":
    sys.exit(main())
