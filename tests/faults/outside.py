"""Everything outside of the functions: local chains, made-up prices, both emulators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from shared.config import Settings
from shared.core.chains import Chain
from tests.bus.emulator import run_pubsub
from tests.devnet.anvil import Anvil, run_anvil
from tests.devnet.demo_prices import run_price_server
from tests.devnet.price_server import PriceServer
from tests.faults.holdings import CHAINS, SLUGS, coins, fill
from tests.store.emulator import run_emulator

T = TypeVar("T")


@dataclass(frozen=True)
class Outside:
    """Where it is."""

    anvils: Mapping[str, Anvil]
    prices: PriceServer
    firestore: str
    pubsub: str

    def settings(self, project: str) -> Settings:
        """Those of a process in this project."""
        return Settings(
            rpc_urls={chain.chain_id: (self.anvils[chain.slug].url,) for chain in CHAINS},
            price_apis=self.prices.apis(coingecko_key="demo"),
            store="firestore",
            bus="pubsub",
            pubsub_emulator_host=self.pubsub,
            project=project,
            chains=SLUGS,
            log_level="ERROR",
        )

    def variables(self, project: str) -> dict[str, str]:
        """The same, as the environment of a process."""
        apis = self.prices.apis()
        return {
            **{f"RPC_URL_{chain.chain_id}": self.anvils[chain.slug].url for chain in CHAINS},
            "BACKED_BASE_URL": apis.backed_url,
            "BUS": "pubsub",
            "CHAINS": ",".join(SLUGS),
            "COINGECKO_API_KEY": "demo",
            "COINGECKO_BASE_URL": apis.coingecko_url,
            "FIRESTORE_EMULATOR_HOST": self.firestore,
            "GOOGLE_CLOUD_PROJECT": project,
            "LLAMA_BASE_URL": apis.llama_url,
            "LOG_LEVEL": "INFO",
            "PUBSUB_EMULATOR_HOST": self.pubsub,
            "STORE": "firestore",
        }


@contextmanager
def run_outside() -> Iterator[Outside]:
    """All of it, started at the same time and gone at the end."""
    with ExitStack() as running, ThreadPoolExecutor() as threads:
        firestore = threads.submit(running.enter_context, run_emulator())
        pubsub = threads.submit(running.enter_context, run_pubsub())
        prices = threads.submit(running.enter_context, run_price_server(coins()))
        anvils = dict(zip(SLUGS, threads.map(partial(_run_chain, running), CHAINS), strict=True))
        yield Outside(anvils, prices.result(), firestore.result(), pubsub.result())


def _run_chain(running: ExitStack, chain: Chain) -> Anvil:
    anvil = running.enter_context(run_anvil(chain.chain_id))
    fill(chain, anvil)
    return anvil
