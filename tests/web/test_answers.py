"""Kept answers: only while they hold, and in bounded memory."""

from shared.web.answers import Answers
from shared.web.messages import Response


def answer(size: int = 10, until: float | None = 100.0) -> Response:
    return Response(200, b"x" * size, reusable_until=until)


def test_an_answer_is_given_again_while_it_holds() -> None:
    now = [0.0]
    answers = Answers(lambda: now[0])
    kept = answer(until=10.0)
    answers.keep("/p", b"q", kept)

    assert answers.get("/p", b"q") is kept
    assert answers.get("/p", b"other") is None
    now[0] = 10.0
    assert answers.get("/p", b"q") is None


def test_an_answer_that_does_not_hold_is_not_kept() -> None:
    answers = Answers(lambda: 100.0)
    for until in (None, 99.0, 100.0):
        answers.keep("/p", b"q", answer(until=until))

        assert answers.get("/p", b"q") is None


def test_the_oldest_makes_room_when_there_are_too_many() -> None:
    answers = Answers(lambda: 0.0, size=2)
    for query in (b"1", b"2", b"3"):
        answers.keep("/p", query, answer())

    assert [answers.get("/p", query) is not None for query in (b"1", b"2", b"3")] == [False, True, True]


def test_the_oldest_makes_room_when_they_are_too_large() -> None:
    answers = Answers(lambda: 0.0, size_bytes=100)
    for number in range(20):
        answers.keep("/p", b"%02d" % number, answer(10))

    assert sum(answers.get("/p", b"%02d" % number) is not None for number in range(20)) == 8


def test_one_huge_answer_does_not_push_the_others_out() -> None:
    answers = Answers(lambda: 0.0, size_bytes=800)
    answers.keep("/p", b"small", answer(10))
    answers.keep("/p", b"huge", answer(500))

    assert answers.get("/p", b"small")
    assert answers.get("/p", b"huge") is None


def test_a_newer_answer_replaces_the_older() -> None:
    answers = Answers(lambda: 0.0, size_bytes=100)
    for _ in range(50):
        newest = answer(10)
        answers.keep("/p", b"q", newest)

    assert answers.get("/p", b"q") is newest
