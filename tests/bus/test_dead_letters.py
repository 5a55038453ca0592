"""A dead letter is the message, why nobody could act on it, and nothing that Pub/Sub would refuse."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.bus.dead_letters import dead_letter
from shared.bus.ports import Message

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=2_000)


def test_it_keeps_the_message_and_says_why() -> None:
    letter = dead_letter(Message("id-1", b"data", {"kind": "x", "original_id": "old"}), "of no use")

    assert letter.data == b"data"
    assert letter.attributes == {"kind": "x", "original_id": "id-1", "discard_reason": "of no use"}


@given(st.dictionaries(texts, texts), texts, texts)
def test_its_attributes_are_what_pubsub_takes(
    attributes: dict[str, str], message_id: str, reason: str
) -> None:
    kept = dead_letter(Message(message_id, b"", attributes), reason).attributes

    assert len(kept) <= 100
    assert all(0 < len(name.encode()) <= 256 and not name.startswith("goog") for name in kept)
    assert all(len(value.encode()) <= 1024 for value in kept.values())


def test_too_many_attributes_leave_room_for_the_reason() -> None:
    kept = dead_letter(Message("id-1", b"", {f"a{n}": "" for n in range(300)}), "of no use").attributes

    assert len(kept) == 99
    assert kept["discard_reason"] == "of no use"


def test_data_of_any_length_is_taken_and_cut() -> None:
    letter = dead_letter(Message("id-1", b"x" * 16_000_000), "too long")

    assert letter.data == b"x" * 1_000_000
    assert letter.attributes["original_bytes"] == "16000000"
