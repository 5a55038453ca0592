"""rp2's engine without its spreadsheets: histories as JSON on stdin, its gains and timings on stdout.

A program of its own, because importing rp2 changes the process's decimal context and writes a log file into
the current directory: run it in a directory that is thrown away.
"""

import gc
import json
import sys
import time
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from prezzemolo.avl_tree import AVLTree
from rp2.accounting_engine import AccountingEngine
from rp2.configuration import Configuration
from rp2.in_transaction import InTransaction
from rp2.input_data import InputData
from rp2.out_transaction import OutTransaction
from rp2.plugin.country.us import US
from rp2.rp2_decimal import RP2Decimal
from rp2.tax_engine import _create_unfiltered_gain_and_loss_set, _create_unfiltered_taxable_event_set
from rp2.transaction_set import TransactionSet

SETTINGS = """[general]
assets = ETH
exchanges = Here
holders = Me
[in_header]
timestamp = 0
[out_header]
timestamp = 0
[intra_header]
timestamp = 0
"""


def build(configuration: Configuration, trades: list[dict[str, str]]) -> Any:
    """The transactions of a history; a sale's fee is taken off what it brought."""
    sets = [TransactionSet(configuration, kind, "ETH") for kind in ("IN", "OUT", "INTRA")]
    for row, trade in enumerate(trades, start=1):
        quantity, total, fee = (Decimal(trade[name]) for name in ("amount", "total_usd", "fee_usd"))
        common = (configuration, trade["executed_at"], "ETH", "Here", "Me")
        if trade["side"] == "buy":
            sets[0].add_entry(
                InTransaction(
                    *common,
                    "Buy",
                    RP2Decimal(total / quantity),
                    RP2Decimal(quantity),
                    fiat_in_no_fee=RP2Decimal(total),
                    fiat_fee=RP2Decimal(fee),
                    row=row,
                )
            )
        else:
            net = total - fee
            sets[1].add_entry(
                OutTransaction(
                    *common,
                    "Sell",
                    RP2Decimal(net / quantity),
                    RP2Decimal(quantity),
                    RP2Decimal(0),
                    fiat_out_no_fee=RP2Decimal(net),
                    row=row,
                )
            )
    acquired, sold, moved = sets
    return InputData("ETH", acquired, sold, moved)


def match(configuration: Configuration, history: Any, method: str) -> Any:
    """The matched lots of a history."""
    years: AVLTree[int, Any] = AVLTree()
    years.insert_node(1970, import_module(f"rp2.plugin.accounting_method.{method}").AccountingMethod())
    engine = AccountingEngine(years)
    taxable = _create_unfiltered_taxable_event_set(configuration, history)
    return _create_unfiltered_gain_and_loss_set(configuration, engine, history, taxable)


def gains(matched: Any) -> dict[str, list[Any]]:
    """For each sale, by its row: its gain, and whether each of its parts is long-term."""
    sales: dict[str, list[Any]] = {}
    for part in matched:
        sale = sales.setdefault(part.taxable_event.internal_id, ["0", []])
        sale[0] = str(Decimal(sale[0]) + Decimal(part.fiat_gain))
        sale[1].append(part.is_long_term_capital_gains())
    return sales


def main() -> None:
    """Reads {"histories", "methods", "gains", "collector"}, the last two booleans; writes what it found."""
    asked = json.load(sys.stdin)
    Path("rp2.ini").write_text(SETTINGS)
    configuration = Configuration("rp2.ini", US())
    gc.freeze()  # what was read is not part of the work
    if not asked["collector"]:
        gc.disable()
    answers, took = [], {"build": 0.0, **dict.fromkeys(asked["methods"], 0.0)}
    for trades in asked["histories"]:
        began = time.process_time()
        history = build(configuration, trades)
        took["build"] += time.process_time() - began
        answer = {}
        for method in asked["methods"]:
            began = time.process_time()
            matched = match(configuration, history, method)
            took[method] += time.process_time() - began
            answer[method] = gains(matched) if asked["gains"] else {}
        answers.append(answer)
    json.dump({"answers": answers, "took": took}, sys.stdout)


if __name__ == "__main__":
    main()
