"""Python sources → bytecode as the image's interpreter would make it, where PYTHONPYCACHEPREFIX has it look.

Hash-based, PEP 552: never checked for what never changes in an image, checked for the application, so that a source
tree that is mounted over it is not ignored.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lading import cache, command
from lading.build.interpreter import Compiler
from lading.errors import Outside
from lading.oci.layer import Entry
from lading.plan import exclude

#: The environment's PYTHONPYCACHEPREFIX, from the root.
PREFIX = "opt/pycache"

_UNCOMPILED = re.compile(exclude.UNCOMPILED)

WORKER = Path(__file__).with_name("compile_worker.py")

#: Path in the image, from its root → source.
Group = Mapping[str, bytes]


def entries(
    groups: Sequence[Group], *, checked: bool, compiler: Compiler | None, store: Path, run: command.Runner = command.run
) -> tuple[Entry, ...]:
    """The bytecode of `groups`, each compiled apart from the others and kept in `store`.

    A file that does not compile, a template or Python 2, has none, and neither has one that is not `checked` and that
    no server imports; without a `compiler` no file has. Raises `Outside` when the compiler cannot be run.
    """
    if compiler is None:
        return ()
    if not checked:
        groups = [
            {name: data for name, data in group.items() if not _UNCOMPILED.search(f"/{name}")} for group in groups
        ]
    records = [store / "bytecode" / _key(group, compiler, checked=checked) for group in groups]
    answers = {record: _load(record) for record in records}
    missing = [(record, group) for record, group in zip(records, groups, strict=True) if answers[record] is None]
    if missing:
        made = _compile([group for _, group in missing], compiler, checked=checked, run=run)
        for (record, _), answer in zip(missing, made, strict=True):
            cache.store(record, answer)
            answers[record] = answer
    return tuple(entry for record in records for entry in _entries(answers[record] or b"[]\n", compiler.tag))


def path(source: str, tag: str) -> str:
    """Where the interpreter looks for the bytecode of the file `source`; importlib.util.cache_from_source."""
    folder, _, name = source.rpartition("/")
    return f"{PREFIX}/{folder}/{name.removesuffix('.py')}.{tag}.pyc"


def _compile(groups: Sequence[Group], compiler: Compiler, *, checked: bool, run: command.Runner) -> Iterator[bytes]:
    asked = [[["/" + name, len(data), checked] for name, data in sorted(group.items())] for group in groups]
    sources = (data for group in groups for _, data in sorted(group.items()))
    stdin = json.dumps(asked).encode() + b"\n" + b"".join(sources)
    done = run(command.Command(argv=(*compiler.argv, str(WORKER)), stdin=stdin, env=compiler.env))
    if done.status:
        raise Outside(
            f"the compiler `{compiler.argv[-1]}` failed: {done.stderr.decode(errors='replace')[-300:].strip()}"
        )
    head, _, body = done.stdout.partition(b"\n")
    start = 0
    for sizes in json.loads(head):
        end = start + sum(size or 0 for _, size in sizes)
        yield json.dumps(sizes).encode() + b"\n" + body[start:end]
        start = end


def _entries(answer: bytes, tag: str) -> Iterator[Entry]:
    head, _, body = answer.partition(b"\n")
    start = 0
    for name, size in json.loads(head):
        if size is not None:
            yield Entry(path=path(name.removeprefix("/"), tag), kind="file", data=body[start : start + size])
            start += size


def _key(group: Group, compiler: Compiler, *, checked: bool) -> str:
    digest = hashlib.sha256(json.dumps([_worker(), compiler.identity, checked]).encode())
    for name, data in sorted(group.items()):
        digest.update(json.dumps([name, len(data)]).encode() + data)
    return digest.hexdigest()


@functools.cache
def _worker() -> str:
    return hashlib.sha256(WORKER.read_bytes()).hexdigest()


def _load(record: Path) -> bytes | None:
    """What was kept, where it is whole: a name and a length can be checked, and the file was written in one step."""
    try:
        answer = record.read_bytes()
        head, _, body = answer.partition(b"\n")
        whole = sum(size or 0 for _, size in json.loads(head)) == len(body)
    except (OSError, ValueError, TypeError):
        return None
    return answer if whole else None
