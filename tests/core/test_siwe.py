"""Messages to sign in with Ethereum: read exactly as the standard has them, written back, and checked."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import ChainId, address_from_bytes
from shared.core.siwe import MAX_MESSAGE, SignIn, check_sign_in, format_sign_in, parse_sign_in
from shared.errors import InvalidInput, Unauthenticated

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WALLET = address_from_bytes(bytes.fromhex("d8da6bf26964af9d7eed9e03e53415d37aa96045"))
DOMAINS = ("app.example", "localhost:5173")
# The example of the standard, with its own address and times.
EXAMPLE = """example.com wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2

I accept the ExampleOrg Terms of Service: https://example.com/tos

URI: https://example.com/login
Version: 1
Chain ID: 1
Nonce: 32891756
Issued At: 2021-09-30T16:25:24Z
Resources:
- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/
- https://example.com/my-web2-claim.json"""
SAID = SignIn("app.example", WALLET, "https://app.example/login", ChainId(1), "a" * 8, NOW)

PLAIN = string.ascii_letters + string.digits + "-._~"
FIRST, LAST = datetime(1970, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001  hypothesis wants them so
times = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
uris = st.text(PLAIN + ":/?#[]@!$&'()*+,;=", max_size=40).map(lambda text: f"https:{text}")
messages = st.builds(
    SignIn,
    domain=st.text(PLAIN, min_size=1, max_size=40),
    address=st.binary(min_size=20, max_size=20).map(address_from_bytes),
    uri=uris,
    chain_id=st.integers(0, 10**20 - 1).map(ChainId),
    nonce=st.text(string.ascii_letters + string.digits, min_size=8, max_size=80),
    issued_at=times,
    scheme=st.none() | st.sampled_from(["https", "http", "git+ssh"]),
    statement=st.none() | st.text(PLAIN + ":/?#[]@!$&'()*+,;= ", min_size=1, max_size=80),
    expires_at=st.none() | times,
    not_before=st.none() | times,
    request_id=st.none() | st.text(PLAIN + ":@!$&'()*+,;=", max_size=20),
    resources=st.none() | st.lists(uris, max_size=4).map(tuple),
)


@given(messages)
def test_what_is_written_is_read_again(said: SignIn) -> None:
    assert parse_sign_in(format_sign_in(said)) == said


def test_the_example_of_the_standard_is_read_and_written_back() -> None:
    said = parse_sign_in(EXAMPLE)

    assert (said.domain, said.nonce, said.chain_id) == ("example.com", "32891756", 1)
    assert said.statement == "I accept the ExampleOrg Terms of Service: https://example.com/tos"
    assert said.resources is not None
    assert len(said.resources) == 2
    assert format_sign_in(said) == EXAMPLE


def test_without_a_statement_two_lines_are_empty() -> None:
    lines = format_sign_in(SAID).split("\n")

    assert lines[1:5] == [WALLET, "", "", "URI: https://app.example/login"]


@given(st.integers(0, len(EXAMPLE) - 1), st.sampled_from('\n\r\t\0 é"<>^`{|}\\%'))
def test_a_message_with_something_foreign_in_it_is_another_or_none(place: int, character: str) -> None:
    """It may be put where anything may be said; but then it is said, and nothing else is."""
    text = EXAMPLE[:place] + character + EXAMPLE[place:]
    try:
        said = parse_sign_in(text)
    except InvalidInput:
        return

    assert format_sign_in(said) == text


@given(st.text(max_size=300))
def test_any_text_is_refused_or_read(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_sign_in(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Version: 1", "Version: 2"),
        ("Version: 1", "Version: 1.0"),
        ("Chain ID: 1", "Chain ID: x"),
        ("Chain ID: 1", "Chain ID: -1"),
        ("Nonce: 32891756", "Nonce: 3289175"),
        ("Nonce: 32891756", "Nonce: 32891-56"),
        ("2021-09-30T16:25:24Z", "2021-09-30"),
        ("2021-09-30T16:25:24Z", "2021-13-30T16:25:24Z"),
        ("2021-09-30T16:25:24Z", "2021-09-30T16:25:24"),
        ("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"),
        ("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc3"),
        ("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "vitalik.eth"),
        ("URI: https", "Uri: https"),
        ("\n", "\r\n"),
        ("example.com wants", " wants"),
        ("https://example.com/tos", "https://example.com/tos\nof service"),
        ("https://example.com/my-web2-claim.json", "https://example.com/my web2"),
    ],
)
def test_what_is_not_as_the_standard_has_it_is_refused(old: str, new: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(InvalidInput, match="message"):
        parse_sign_in(EXAMPLE.replace(old, new))


def test_a_message_may_be_so_long_and_no_longer() -> None:
    room = MAX_MESSAGE - len(format_sign_in(replace(SAID, statement="a"))) + 1

    assert parse_sign_in(format_sign_in(replace(SAID, statement="a" * room))).statement == "a" * room
    with pytest.raises(InvalidInput, match="longer"):
        parse_sign_in(format_sign_in(replace(SAID, statement="a" * (room + 1))))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scheme": "https"},
        {"uri": "https://app.example"},
        {"issued_at": NOW + timedelta(seconds=60)},
        {"issued_at": NOW - timedelta(hours=1)},
        {"not_before": NOW},
        {"expires_at": NOW + timedelta(seconds=1)},
        {"domain": "localhost:5173", "uri": "http://localhost:5173", "scheme": "http"},
    ],
    ids=str,
)
def test_a_message_for_us_and_now_is_accepted(changes: dict[str, object]) -> None:
    check_sign_in(replace(SAID, **changes), DOMAINS, NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"domain": "evil.example"},
        {"domain": "app.example.evil.example"},
        {"domain": "APP.example"},
        {"domain": "user@app.example"},
        {"domain": "app.example:8080"},
        {"scheme": "http"},
        {"uri": "http://app.example"},
        {"uri": "https://evil.example"},
        {"uri": "https://app.example@evil.example"},
        {"uri": "https://app.example.evil.example/"},
        {"uri": "https://[app.example"},
        {"uri": "did:key:app.example"},
        {"issued_at": NOW + timedelta(seconds=61)},
        {"issued_at": NOW - timedelta(hours=1, seconds=1)},
        {"not_before": NOW + timedelta(seconds=1)},
        {"expires_at": NOW},
    ],
    ids=str,
)
def test_a_message_for_others_or_of_another_time_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Unauthenticated):
        check_sign_in(replace(SAID, **changes), DOMAINS, NOW)  # type: ignore[arg-type]
