"""The bytes of many files → which of them hold a word, without going through all of them for each word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

#: Files whose words are kept together. Files of a folder are alike: a word is in few of the blocks.
_BLOCK = 32

_PART = re.compile(rb"\w+|[\x80-\xff]+")
_APART = bytes(byte if _PART.match(bytes([byte])) else ord(" ") for byte in range(256))

#: Paths, and all the different words that these files have, a blank between two.
Block = tuple[Sequence[str], bytes]


def blocks(contents: Mapping[str, bytes]) -> tuple[Block, ...]:
    """The files of `contents` in their order, by the block."""
    return tuple(_blocks(contents))


def _blocks(contents: Mapping[str, bytes]) -> Iterator[Block]:
    paths = iter(contents)
    while block := tuple(islice(paths, _BLOCK)):
        # Files of a folder have many lines in common: each is taken apart once.
        text = b"\n".join(set(b"\n".join([contents[path] for path in block]).split(b"\n")))
        yield block, b" ".join(set(text.translate(_APART).split()))


def holding(index: Iterable[Block], contents: Mapping[str, bytes], words: Sequence[bytes]) -> Iterator[str]:
    """The files that hold any of `words`, which may be parts of words, and more than one."""
    parts = {word: tuple(word.translate(_APART).split()) for word in words}
    for paths, vocabulary in index:
        maybe = [word for word, needed in parts.items() if _all(needed, vocabulary)]
        if not maybe:
            continue
        for path in paths:
            data = contents[path]
            for word in maybe:
                if word in data:
                    yield path
                    break


def _all(needed: Sequence[bytes], vocabulary: bytes) -> bool:
    return all(part in vocabulary for part in needed)
