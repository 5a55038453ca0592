"""What the operator is told when Firestore refuses: the API, the database, the role or who we are."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import grpc  # type: ignore[import-untyped]  # has no types
import grpc.aio  # type: ignore[import-untyped]  # has no types
import pytest
import pytest_asyncio

from shared.core.ids import Address, AssetId
from shared.errors import Conflict, DuplicateTrade, NotFound, StoreUnavailable
from shared.store.firestore.cloud import Cloud
from shared.store.firestore.opening import store_in
from shared.store.ports import Store
from tests.store.conftest import IndexedCloud
from tests.store.run_samples import address
from tests.store.samples import ALICE, START, Clock, once, trade, tx
from tests.test_refusals import WORDS

ROOT = Path(__file__).parents[2]
NO_DATABASE = "The database (default) does not exist for project p Please visit https://x.example to add one."
OFF = "Cloud Firestore API has not been used in project p before or it is disabled. Enable it by visiting x"
STREAMED = ("RunQuery", "BatchGetDocuments", "RunAggregationQuery")


class Refusing(grpc.GenericRpcHandler):  # type: ignore[misc]  # has no types
    """Refuses every call with the same words."""

    def __init__(self) -> None:
        self.code = grpc.StatusCode.PERMISSION_DENIED
        self.said = OFF

    def service(self, about: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        async def refuse(_: bytes, context: grpc.aio.ServicerContext) -> bytes:
            await context.abort(self.code, self.said)
            return b""

        async def refuse_stream(request: bytes, context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
            yield await refuse(request, context)

        if about.method.rpartition("/")[2] in STREAMED:
            return grpc.unary_stream_rpc_method_handler(refuse_stream)
        return grpc.unary_unary_rpc_method_handler(refuse)


@pytest_asyncio.fixture
async def refusing(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Refusing]:
    handler, served = Refusing(), grpc.aio.server()
    served.add_generic_rpc_handlers((handler,))
    port = served.add_insecure_port("127.0.0.1:0")
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{port}")
    await served.start()
    yield handler
    await served.stop(grace=None)


@pytest_asyncio.fixture
async def refused(refusing: Refusing) -> AsyncIterator[Store]:
    store = store_in(Cloud("p"), Clock())
    yield store
    await store.close()


@pytest.mark.parametrize(
    ("code", "said", "kind", "remedy"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, OFF, "PermissionDenied", "API firestore.googleapis.com is off"),
        (grpc.StatusCode.NOT_FOUND, NO_DATABASE, "NotFound", "project p has no Firestore database (default)"),
        (
            grpc.StatusCode.PERMISSION_DENIED,
            "Missing permissions.",
            "PermissionDenied",
            "roles/datastore.user",
        ),
    ],
)
async def test_callers_hear_what_they_did_and_the_operator_what_is_missing(
    refusing: Refusing,
    refused: Store,
    caplog: pytest.LogCaptureFixture,
    code: grpc.StatusCode,
    said: str,
    kind: str,
    remedy: str,
) -> None:
    refusing.code, refusing.said = code, said
    asking = (
        refused.ready,
        lambda: refused.wallets.list_wallets(ALICE),
        lambda: refused.wallets.verify_wallet(ALICE, Address(address(1)), START),
        lambda: refused.trades.add_trades(ALICE, [trade(1)]),
        lambda: refused.erasures.mark_erased(ALICE, START),
    )
    with caplog.at_level(logging.ERROR):
        for ask in asking:
            with pytest.raises(StoreUnavailable) as failed:
                await ask()
            assert str(failed.value) == f"Firestore cannot be used ({kind})"
            assert remedy in (failed.value.remedy or "")

    assert [record.getMessage() for record in caplog.records] == [failed.value.remedy]


@pytest.mark.parametrize("words", WORDS)
async def test_what_refusals_say_is_a_callers_text_where_it_is_an_id(
    cloud: IndexedCloud, caplog: pytest.LogCaptureFixture, words: str
) -> None:
    """On the emulator, whose answers name documents: in them are users, keys and assets."""
    store = store_in(cloud, Clock())
    first = trade(1, words, tx_hash=tx(1), chain="ethereum")._replace(id=words, asset=AssetId(words))
    with caplog.at_level(logging.ERROR):
        await store.trades.add_trades(words, [first], once(words))
        assert await store.trades.add_trades(words, [first], once(words)) == once(words).answer
        with pytest.raises(Conflict):
            await store.trades.add_trades(words, [first], once(f"another {words}"))
        with pytest.raises(DuplicateTrade):
            await store.trades.add_trades(words, [first._replace(id=f"another {words}")])
        with pytest.raises(NotFound):
            await store.wallets.verify_wallet(words, Address(address(1)), START)

    assert caplog.records == []
    await store.close()


BEATS = """
import asyncio, sys
from shared.errors import StoreUnavailable
from shared.store.firestore.cloud import Cloud
from shared.store.firestore.opening import store_in
from tests.store.samples import Clock

async def main():
    asked = asyncio.Event()

    async def metadata(reader, writer):
        asked.set()  # and no answer

    server = await asyncio.start_server(metadata, "127.0.0.1", int(sys.argv[1]))
    store = store_in(Cloud("p"), Clock())
    asking = asyncio.create_task(store.ready())
    # Whoever asks the metadata server while the loop stands still is given up before this is heard of.
    await asked.wait()
    print("asking" if not asking.done() else "over")
    try:
        await asking
    except StoreUnavailable as error:
        print(error.remedy)
    await store.close()

asyncio.run(main())
"""


def test_the_event_loop_goes_on_while_credentials_are_looked_for(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        port = runner.run(_free_port())
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    surroundings = {
        "CLOUDSDK_CONFIG": str(tmp_path),
        "GCE_METADATA_IP": f"127.0.0.1:{port}",
        "GCE_METADATA_HOST": f"127.0.0.1:{port}",
        "GCE_METADATA_TIMEOUT": "1",
        "GCE_METADATA_DETECT_RETRIES": "1",
    }
    beats = subprocess.run(
        [sys.executable, "-c", BEATS, str(port)],
        cwd=ROOT,
        env={**kept, **surroundings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert beats.returncode == 0, beats.stderr
    first, remedy = beats.stdout.splitlines()
    assert first == "asking"
    assert "GOOGLE_APPLICATION_CREDENTIALS" in remedy


async def _free_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    return port
