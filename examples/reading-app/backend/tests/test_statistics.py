import pytest

from app.statistics import STEPS, count


def counted(body: str, words_per_minute: int = 240) -> dict:
    steps = list(count(body, words_per_minute))
    assert tuple(step for step, _ in steps) == STEPS
    return {name: value for _, columns in steps for name, value in columns.items()}


def test_a_text_is_counted() -> None:
    assert counted("The cat sat. The cat didn't stay!") == {
        "characters": 33,
        "words": 7,
        "sentences": 2,
        "different_words": 5,
        "frequent_words": [
            {"word": "the", "count": 2},
            {"word": "cat", "count": 2},
            {"word": "sat", "count": 1},
            {"word": "didn't", "count": 1},
            {"word": "stay", "count": 1},
        ],
        "reading_seconds": 2,
    }


@pytest.mark.parametrize(
    ("body", "words", "sentences"),
    [
        ("…", 0, 0),
        ("Nothing ends it", 3, 1),
        ("Größe zählt. 3 + 4 = 7", 2, 2),
        ("well-known", 1, 1),
        ("Wait... what?!", 2, 2),
    ],
)
def test_words_and_sentences(body: str, words: int, sentences: int) -> None:
    found = counted(body)
    assert (found["words"], found["sentences"]) == (words, sentences)


def test_only_the_ten_most_frequent_words_are_kept() -> None:
    body = " ".join("abcdefghijkl"[:length] for length in range(1, 13)) + " abc"
    frequent = counted(body)["frequent_words"]
    assert (len(frequent), frequent[0]) == (10, {"word": "abc", "count": 2})


def test_the_reading_time_follows_the_reader() -> None:
    body = "word " * 300
    assert (counted(body, 240)["reading_seconds"], counted(body, 100)["reading_seconds"]) == (75, 180)
