from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import Address
from shared.core.run_messages import (
    MAX_BYTES,
    FinishGroup,
    ReadPart,
    RunMessage,
    StartRun,
    SweepRun,
    SweepRuns,
    decode,
    encode,
)
from shared.errors import UnknownMessage

RUN = "20261121T080000Z"
VITALIK = Address("0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045")
USDC = Address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48")
PART = ReadPart(RUN, 3, "ethereum", (VITALIK, USDC), 8)

RUNS = st.sampled_from([RUN, "20261121T080012.000345Z-2bd806c97f0e"])
NUMBERS = st.integers(0, 10**9)
WALLETS = st.lists(st.binary(min_size=20, max_size=20), min_size=1, max_size=50, unique=True).map(
    lambda raws: tuple(Address("0x" + raw.hex()) for raw in raws)
)
SLUGS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,63}", fullmatch=True)
MESSAGES: st.SearchStrategy[RunMessage] = st.one_of(
    st.builds(StartRun, RUNS),
    st.just(SweepRuns()),
    st.builds(SweepRun, RUNS, NUMBERS),
    st.builds(ReadPart, RUNS, NUMBERS, SLUGS, WALLETS, st.integers(1, 10**9)),
    st.builds(FinishGroup, RUNS, NUMBERS, NUMBERS),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def changed(**fields: Any) -> bytes:
    """The message to read a part, with other fields; `absent` takes one away."""
    whole = {**json.loads(encode(PART)), **fields}
    return json.dumps({k: v for k, v in whole.items() if v is not ...}).encode()


def refused(encoded: bytes) -> str:
    with pytest.raises(UnknownMessage) as caught:
        decode(encoded)
    return str(caught.value)


@given(MESSAGES)
def test_a_message_arrives_as_it_was_sent(message: RunMessage) -> None:
    assert decode(encode(message)) == message
    assert type(decode(encode(message))) is type(message)


def test_a_message_reads_as_plain_json() -> None:
    assert json.loads(encode(PART)) == {
        "v": 1,
        "kind": "read-part",
        "run_id": "20261121T080000Z",
        "group": 3,
        "chain": "ethereum",
        "wallets": [VITALIK, USDC],
        "parts": 8,
    }


def test_a_whole_group_of_fifty_wallets_takes_well_under_ten_kilobytes() -> None:
    wallets = tuple(Address(f"0x{n:040x}") for n in range(50))
    encoded = encode(ReadPart("20261121T080012.000345Z-2bd806c97f0e", 10**9, "a" * 64, wallets, 1000))
    assert len(encoded) == 2443
    assert len(encoded) < MAX_BYTES


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_are_refused(encoded: bytes) -> None:
    assert refused(encoded)


@given(JSON)
def test_any_json_is_a_message_or_is_refused(value: object) -> None:
    assert refused(json.dumps(value).encode())


@given(MESSAGES, st.data())
def test_a_message_with_one_field_of_another_kind_is_refused_or_read(
    message: RunMessage, data: st.DataObject
) -> None:
    fields = json.loads(encode(message))
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = data.draw(JSON)
    with suppress(UnknownMessage):
        assert json.loads(encode(decode(json.dumps(fields).encode()))) == fields


@given(MESSAGES, st.data())
def test_a_message_that_was_cut_off_is_refused(message: RunMessage, data: st.DataObject) -> None:
    encoded = encode(message)
    assert refused(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


@given(MESSAGES)
def test_a_message_without_one_of_its_fields_is_refused(message: RunMessage) -> None:
    fields = json.loads(encode(message))
    for name in fields:
        assert refused(json.dumps({k: v for k, v in fields.items() if k != name}).encode())


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (b"", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        ('{"v": 1}'.encode("utf-16"), "it is not JSON"),
        (b"[1]", "it is not a JSON object"),
        (b"{}", "it is no message of this project"),
        (changed(v=True), "it is no message of this project"),
        (changed(v=1.0), "it is no message of this project"),
        (changed(v=2), "it is of an unknown version"),
        (changed(kind="read"), "it is of no known kind"),
        (changed(kind=["read-part"]), "it is of no known kind"),
        (changed(kind="finish-group"), "it has other fields than its kind has"),
        (changed(more=1), "it has other fields than its kind has"),
        (changed(parts=...), "it has other fields than its kind has"),
        (changed(parts=0), "its parts is not what it should be"),
        (changed(parts=True), "its parts is not what it should be"),
        (changed(group=-1), "its group is not what it should be"),
        (changed(group=10**30), "its group is not what it should be"),
        (changed(group="3"), "its group is not what it should be"),
        (changed(chain="Ethereum"), "its chain is not what it should be"),
        (changed(chain="a/../b"), "its chain is not what it should be"),
        (changed(chain="a" * 65), "its chain is not what it should be"),
        (changed(chain=1), "its chain is not what it should be"),
        (changed(run_id="20261121T080012Z"), "its run_id is not what it should be"),
        (changed(run_id="runs/1"), "its run_id is not what it should be"),
        (changed(wallets=[]), "its wallets is not what it should be"),
        (changed(wallets=VITALIK), "its wallets is not what it should be"),
        (changed(wallets={VITALIK: 1}), "its wallets is not what it should be"),
        (changed(wallets=[VITALIK, VITALIK]), "its wallets is not what it should be"),
        (changed(wallets=[VITALIK[:-1]]), "its wallets is not what it should be"),
        (changed(wallets=[VITALIK + "\n"]), "its wallets is not what it should be"),
        (changed(wallets=[VITALIK[2:]]), "its wallets is not what it should be"),
        (changed(wallets=[1]), "its wallets is not what it should be"),
        (changed(wallets=[f"0x{n:040x}" for n in range(51)]), "its wallets is not what it should be"),
    ],
)
def test_what_nobody_can_act_on_is_refused_with_a_reason(encoded: bytes, reason: str) -> None:
    assert refused(encoded) == reason


def test_json_that_is_nested_deep_is_refused_before_it_is_parsed() -> None:
    assert refused(b"[" * 4000 + b"]" * 4000) == "it is not JSON"


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    assert refused(b'{"v": ' + b"9" * 9000 + b"}") == "it is not JSON"


def test_a_message_that_is_too_long_is_refused_unread() -> None:
    assert refused(encode(PART) + b" " * MAX_BYTES).startswith("it has 10")


def test_a_reason_never_repeats_what_the_message_said() -> None:
    assert "secret" not in refused(changed(chain="SECRET", run_id="secret"))
