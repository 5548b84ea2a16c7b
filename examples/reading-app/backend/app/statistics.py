"""What is counted in a text, step by step. Nothing here knows of a queue or a table."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")  # noqa: RUF001 - the apostrophe of printed texts
SENTENCE = re.compile(r"\w[^.!?…]*")
STEPS = ("words", "sentences", "vocabulary", "reading time")


def count(body: str, words_per_minute: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each of the STEPS when it is done, with the columns of `Statistics` that it gives."""
    words = WORD.findall(body.lower())
    yield "words", {"characters": len(body), "words": len(words)}
    yield "sentences", {"sentences": sum(1 for _ in SENTENCE.finditer(body))}
    vocabulary = Counter(words)
    frequent = [{"word": word, "count": number} for word, number in vocabulary.most_common(10)]
    yield "vocabulary", {"different_words": len(vocabulary), "frequent_words": frequent}
    yield "reading time", {"reading_seconds": math.ceil(60 * len(words) / words_per_minute)}
