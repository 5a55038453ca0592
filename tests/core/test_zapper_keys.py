"""Keys are those that Zapper's clients know, and no two assets of an answer share one."""

from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import parse_address
from shared.core.zapper_keys import Keys, position_parts, token_parts

USDC = parse_address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48")
A_USDC = parse_address("0x98C23E9d8f34FEFb1B7BD6a91B7FF122F4e16F5c")
# Their keys are the same.
TWINS = tuple(token_parts("ethereum", parse_address(f"0x{n:040x}")) for n in (0x35F1, 0x1A0EF))


def test_a_tokens_key_is_that_of_its_address_and_network() -> None:
    # murmurhash-js@1.0.0: murmur3("0xa0b8…eb48:ethereum:supplied")
    assert Keys().key(token_parts("ethereum", USDC)) == "1737803529"


def test_the_native_coin_has_the_zero_address() -> None:
    assert Keys().key(token_parts("ethereum", None)) == "1346381468"
    assert Keys().key(token_parts("binance-smart-chain", None)) == "1115933272"


def test_a_positions_key_names_contract_app_token_kind_and_market() -> None:
    parts = position_parts("ethereum", "aave-v3", A_USDC, USDC, "deposit", "Core")

    assert parts == f"{A_USDC.lower()}:ethereum:aave-v3:{USDC.lower()}:ethereum:supplied:Core"
    assert Keys().key(parts) == "3030579651"
    assert position_parts("ethereum", "aave-v3", A_USDC, USDC, "debt", None).endswith(":borrowed:")


def test_of_two_assets_with_one_hash_the_second_gets_another_key() -> None:
    keys = Keys()

    assert keys.key(TWINS[0]) == "3736552901"
    assert keys.key(TWINS[1]) not in ("3736552901", Keys().key("other"))
    assert keys.key(TWINS[0]) == "3736552901"


@given(st.lists(st.one_of(st.sampled_from(TWINS), st.text())))
def test_in_one_answer_parts_and_keys_belong_to_each_other(asked: list[str]) -> None:
    keys = Keys()
    given_keys = {parts: keys.key(parts) for parts in asked}

    assert len(set(given_keys.values())) == len(given_keys)
    assert all(keys.key(parts) == key for parts, key in given_keys.items())
    assert all(key.isdigit() and int(key) < 2**32 for key in given_keys.values())
