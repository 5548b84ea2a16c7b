"""Python sources → bytecode, in a process of its own: a program of the standard library alone.

It stands alone, because the interpreter that runs it is the image's and knows nothing of lading. Standard input is a
line of JSON, a list of groups, each a list of [path in the image, size, whether the source is checked], followed by
the sources. Standard output is a line of JSON, the same groups with the size of the bytecode or null where there is
none, followed by the bytecode.

What marshal writes for a file depends on which objects the interpreter happened to share before. So each group is
compiled in a child, forked from an interpreter that has compiled nothing: its bytecode depends on nothing but itself.
"""

from __future__ import annotations

import importlib.util
import json
import marshal
import os
import sys
import warnings

File = tuple[str, bytes, bool]  # path in the image, source, whether it is checked
Size = list[str | int | None]  # path, and the size of the bytecode


def bytecode(path: str, source: bytes, *, checked: bool) -> bytes | None:
    """The .pyc of `source`, which will stand at `path`: PEP 552. None where it does not compile."""
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None
    flags = 0b11 if checked else 0b01
    head = importlib.util.MAGIC_NUMBER + flags.to_bytes(4, "little") + importlib.util.source_hash(source)
    return head + marshal.dumps(code)


def group(files: list[File]) -> bytes:
    """The answer for one group: a line of JSON and the bytecode."""
    made = [bytecode(path, source, checked=checked) for path, source, checked in files]
    sizes = [[files[i][0], None if one is None else len(one)] for i, one in enumerate(made)]
    return json.dumps(sizes).encode() + b"\n" + b"".join(one for one in made if one)


def apart(files: list[File]) -> bytes:
    """`group`, in a child. Where a source brings the child down, the group has no bytecode."""
    back, out = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(back)
            with os.fdopen(out, "wb") as pipe:
                pipe.write(group(files))
        finally:
            os._exit(0)
    os.close(out)
    with os.fdopen(back, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return answer


def whole(answer: bytes, files: list[File]) -> tuple[list[Size], bytes]:
    """`answer` split into its sizes and its bytecode, or no bytecode where the child did not end."""
    head, _, body = answer.partition(b"\n")
    try:
        sizes = json.loads(head)
    except ValueError:
        sizes = None
    if sizes is None or len(body) != sum(size or 0 for _, size in sizes):
        return [[path, None] for path, _, _ in files], b""
    return sizes, body


def main() -> None:
    """Answer one request and end."""
    warnings.simplefilter("ignore")
    stdin = sys.stdin.buffer
    asked = json.loads(stdin.readline())
    answers = []
    for names in asked:
        files = [(path, stdin.read(size), checked) for path, size, checked in names]
        answers.append(whole(apart(files), files))
    sys.stdout.buffer.write(json.dumps([sizes for sizes, _ in answers]).encode() + b"\n")
    for _, body in answers:
        sys.stdout.buffer.write(body)


if __name__ == "__main__":
    main()
