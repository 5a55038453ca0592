"""The receipt tokens of deployments: each once, in order."""

from shared.core.deployments import receipt_tokens
from tests.protocols.samples import DEBT, DEPOSIT, LENDING, OTHER_VAULT, VAULT, VAULTS


def test_every_receipt_token_is_read_once_and_in_order() -> None:
    assert receipt_tokens((LENDING, VAULTS, LENDING)) == (DEPOSIT, DEBT, VAULT, OTHER_VAULT)
    assert receipt_tokens(()) == ()
