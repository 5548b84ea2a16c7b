"""One plan through Docker and through our own builder, on one base; and what differs between the two images."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from lading import stages
from lading.build import app, docker, install, interpreter, lock, native, project
from lading.build.interpreter import Compiler
from lading.command import Command, output
from lading.debian import Package
from lading.model import File, Image, Plan
from lading.oci import contents
from lading.oci.layer import Entry

#: Made by `.ci/debian-python`; a longer name stands on it.
BASE = "lading-test-debian-python"
PLATFORM = stages.here()

#: The images that were made, for `removed`.
TAGS: list[str] = []

Files = Mapping[str, File]

KINDS: Mapping[str, Literal["file", "directory", "symlink"]] = {
    "file": "file", "directory": "directory", "symlink": "symlink"
}  # fmt: skip


def quiet(_: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Base:
    """An image that both builders take for their base."""

    name: str  # at Docker
    image: Image

    @cached_property
    def files(self) -> Files:
        return contents.load(self.image, lambda _: True).files

    @cached_property
    def entries(self) -> list[Entry]:
        """The files, as our own builder has those of Debian's packages."""
        return [entry for file in self.files.values() if file.path != "/" and (entry := _entry(file))]

    @cached_property
    def version(self) -> str:
        """What Debian calls the interpreter's version."""
        status = (self.files["/var/lib/dpkg/status"].data or b"").decode()
        return status.partition("Package: python3.13-minimal\n")[2].partition("\nVersion: ")[2].partition("\n")[0]

    def compiler(self, store: Path) -> Compiler:
        """The interpreter of this base, started on this machine."""
        found = interpreter.find("3.13", self.version, lambda _: self.entries, store=store, progress=quiet)
        assert found is not None
        assert found.identity.startswith("Debian ")
        return found


def _entry(file: File) -> Entry | None:
    """None for what no layer of ours can hold: hard links are files here, and devices are the engine's."""
    kind = KINDS.get(file.kind)
    return kind and Entry(
        path=file.path[1:], kind=kind, mode=file.mode, uid=file.uid, gid=file.gid, data=file.data or b"", link=file.link
    )


def base(plan: Plan, folder: Path, store: Path) -> Base:
    """The base for `plan`: the common one with the Debian packages that the plan adds, which both builders get."""
    subprocess.run([Path(__file__).parent.parent / ".ci" / "debian-python"], check=True, timeout=600)
    name = f"{BASE}-{plan.name.lower()}"
    packages = " ".join(plan.base.packages)
    text = f"FROM {BASE}\nRUN apt-get update -qq && apt-get install -qq --no-install-recommends {packages}"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"{text} && rm -rf /var/lib/apt/lists/* /var/cache/apt/*\n")
    made(folder, tag=name)
    return Base(name, docker.save(name, engine="docker", store=store))


def made(context: Path, *options: str, tag: str) -> None:
    """Have Docker build the folder `context` by its command line, as a user does."""
    TAGS.append(tag)
    argv = (docker.find(), "build", "--quiet", "--tag", tag, *options, ".")
    output(Command(argv=argv, cwd=context, env={"DOCKER_BUILDKIT": "1"}, timeout=1800))


def tagged(name: str) -> str:
    """A name for an image that `removed` removes, too."""
    TAGS.append(f"lading-test-agree-{name}")
    return TAGS[-1]


def removed() -> None:
    """Remove every image that was made or tagged here; what Docker keeps of its builds stays."""
    if TAGS:
        subprocess.run([docker.find(), "rmi", "--force", *dict.fromkeys(TAGS)], check=True, capture_output=True)
    TAGS.clear()


def by_docker(stage: stages.Stage, on: Base, target: str, store: Path) -> Image:
    """What Docker makes of a stage of the committed Dockerfile."""
    tag = f"lading-test-agree-{stage.plan.name.lower()}-{target}"
    argument, file = f"PYTHON_IMAGE={on.name}", stage.plan.layout.dockerfile
    made(stage.root, "--build-arg", argument, "--target", target, "--file", file, tag=tag)
    return docker.save(tag, engine="docker", store=store)


def by_ourselves(stage: stages.Stage, on: Base, store: Path) -> Image:
    """What our own builder makes of the plan."""
    plan = stage.plan
    locked = lock.resolve(plan, stage.source, platform=PLATFORM, store=store, progress=quiet)
    wheels = install.fetch(locked, store=store, progress=quiet)
    python = Package(
        name=f"python{plan.base.python}-minimal", version=on.version, architecture=PLATFORM.partition("/")[2],
        filename="", sha256=on.image.digest, size=0,
    )  # fmt: skip
    return native.assemble(
        plan, app.files(plan, stage.source), [python], lambda: on.entries, wheels,
        own=project.recipes(plan, stage.source), platform=PLATFORM, compiler=on.compiler(store), store=store,
        progress=quiet,
    )  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One way in which a path differs: what Docker made of it, and what we did."""

    path: str
    what: str  # there, kind, mode, owner, link, contents
    docker: File | None
    ours: File | None

    def __str__(self) -> str:
        return f"{self.path}: {self.what}: {_said(self.docker, self.what)} and {_said(self.ours, self.what)}"


def _said(file: File | None, what: str) -> str:
    if file is None:
        return "not there"
    told = {"kind": file.kind, "mode": oct(file.mode), "owner": f"{file.uid}:{file.gid}", "link": file.link}
    return told.get(what, f"{file.kind} of {file.size} bytes")


def files(image: Image) -> Files:
    """The file system of `image`, with the bytes of every file."""
    return contents.load(image, lambda _: True).files


def differences(docker: Files, ours: Files) -> Iterator[Difference]:
    """Every difference between two file systems, by path."""
    for path in sorted({*docker, *ours}):
        one, other = docker.get(path), ours.get(path)
        if one is None or other is None:
            yield Difference(path, "there", one, other)
            continue
        for what, same in (
            ("kind", one.kind == other.kind),
            ("mode", one.mode == other.mode),
            ("owner", (one.uid, one.gid) == (other.uid, other.gid)),
            ("link", one.link == other.link),
            ("contents", one.data == other.data),
        ):
            if not same:
                yield Difference(path, what, one, other)


@dataclass(frozen=True)
class Permitted:
    """Differences that are allowed, where `still` finds the same in both of what counts."""

    paths: str  # a regular expression
    what: str
    reason: str
    still: Callable[[File, File], bool] | None = None
    used: list[str] = field(default_factory=list)

    def takes(self, one: Difference) -> bool:
        """Whether it allows `one`, which is noted."""
        if self.what != one.what or not re.fullmatch(self.paths, one.path):
            return False
        if self.still is not None and not (one.docker and one.ours and self.still(one.docker, one.ours)):
            return False
        self.used.append(one.path)
        return True


def unexplained(found: Iterable[Difference], permitted: Iterable[Permitted]) -> list[str]:
    """The differences that nothing permits."""
    return [str(one) for one in found if not any(each.takes(one) for each in permitted)]


def configuration(image: Image) -> dict[str, Any]:
    """What the image says of its containers; the environment as a mapping, and nothing that is empty."""
    said = {key: value for key, value in image.config["config"].items() if value}
    return {**said, "Env": dict(line.split("=", 1) for line in said["Env"])}
