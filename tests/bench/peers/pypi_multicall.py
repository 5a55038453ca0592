"""PyPI's multicall as its users write it: stdin {url, wallet, tokens, runs}, stdout {seconds, held}.

Runs in the benchmarks' own environment: it needs an older web3.
"""

import json
import sys
import time

from multicall import Call, Multicall  # type: ignore[import-not-found] # is in .venv-bench
from web3 import Web3


def read(web3: Web3, wallet: str, tokens: list[str]) -> int:
    calls = [Call(token, ["balanceOf(address)(uint256)", wallet], [(token, None)]) for token in tokens]
    balances = Multicall(calls, _w3=web3)()
    return sum(raw > 0 for raw in balances.values())


def main() -> None:
    asked = json.load(sys.stdin)
    web3 = Web3(Web3.HTTPProvider(asked["url"]))
    seconds = []
    held = 0
    for _ in range(asked["runs"]):
        start = time.perf_counter()
        held = read(web3, asked["wallet"], asked["tokens"])
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "held": held}))


if __name__ == "__main__":
    main()
