"""Plan + Source → Image, without a daemon, a registry of images or root: Debian packages and wheels, laid in layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from lading import debian, launch
from lading.build import app, bytecode, install, interpreter, layers, lock, runtime
from lading.build.interpreter import Compiler
from lading.build.layers import Recipe
from lading.debian import Package
from lading.debian import mirror as mirrors
from lading.detect import system
from lading.errors import BadInput
from lading.model import Image, Plan, Progress
from lading.oci import blobs, digest, image
from lading.oci.layer import Entry
from lading.plan import SUITES
from lading.source import Source


def build(
    plan: Plan, source: Source, *, platform: str, cache: Path, mirror: str, security: str | None, progress: Progress
) -> Image:
    """The image of `plan`, with its layers, configuration and manifest among the blobs of `cache`.

    The same plan, source, packages and wheels give the same digest on every machine that can run the image's own
    interpreter or one of its version. What was made before and still holds is not made again.

    Raises `BadInput` for what the project must change, `Untrusted` for what is not what was signed or locked,
    `Outside` when a mirror, an index or the disk fails.
    """
    if platform not in lock.MACHINES:
        known = " and ".join(lock.MACHINES)
        raise BadInput(f"no image can be built for `{platform}`", hint=f"the platforms are {known}")
    if not plan.base.suite:
        has = ", ".join(f"{suite} has {version}" for suite, version in SUITES.items())
        raise BadInput(
            f"no release of Debian has a Python that the project allows: {has}",
            where=plan.because.get("base.python", ""),
            hint="widen what it allows, or build on an image that has it: `--builder docker`",
        )
    files = app.files(plan, source)
    # A plan has the names of Debian 13.
    names = tuple(filter(None, (system.on(name, plan.base.suite) for name in plan.base.packages)))
    base = replace(plan.base, packages=names)
    choose = partial(
        debian.lock, base, mirror=mirror, security=security, cache=cache, progress=progress, dated=mirrors.dated()
    )
    unpack = partial(debian.entries, mirror=mirror, security=security, cache=cache, progress=progress)
    packages: list[Package] = []
    wheels: list[install.Wheel] = []

    def packaged() -> None:
        packages.extend(choose(architecture=platform.partition("/")[2]))

    def dependencies() -> None:
        found = lock.resolve(plan, source, platform=platform, store=cache, progress=progress)
        wheels.extend(install.fetch(found, store=cache, progress=progress))

    # The two wait for different servers.
    layers.each(lambda step: step(), (packaged, dependencies))
    entries = layers.once(lambda: unpack(packages, architecture=platform.partition("/")[2]))

    def entries_of(architecture: str) -> Sequence[Entry]:
        if platform.endswith("/" + architecture):
            return entries()
        others = choose(architecture=architecture)
        return unpack(others, architecture=architecture) if _version(plan, others) == _version(plan, packages) else ()

    compiler = interpreter.find(plan.base.python, _version(plan, packages), entries_of, store=cache, progress=progress)
    return assemble(
        plan, files, packages, entries, wheels, platform=platform, compiler=compiler, store=cache, progress=progress
    )


def assemble(
    plan: Plan,
    files: Sequence[app.File],
    packages: Sequence[Package],
    base: Callable[[], Sequence[Entry]],
    wheels: Sequence[install.Wheel],
    *,
    platform: str,
    compiler: Compiler | None,
    store: Path,
    progress: Progress,
) -> Image:
    """The image of what is all on this machine: base, its bytecode, the runtime's bits, dependencies, application.

    `base` gives the entries of `packages`, and is asked only when a layer of them is to be made. Raises `BadInput` for
    wheels that cannot be installed together, `Outside` when the disk is full.
    """
    recipes = [
        *_base(plan, packages, base, compiler=compiler, store=store),
        *install.recipes(
            wheels, python=plan.base.python, strip=plan.strip, compiler=compiler, store=store, progress=progress
        ),
        app.recipe(plan, files, compiler=compiler, store=store),
    ]
    made = layers.make(recipes, store=store, progress=progress)
    found = image.make(made, platform=platform, config=launch.config(plan))
    for document in (image.config_bytes(found), image.manifest(found)):
        if not blobs.path(store, digest.of(document)).exists():
            blobs.add(store, (document,))
    return found


def _version(plan: Plan, packages: Sequence[Package]) -> str:
    """Debian's full version of the interpreter."""
    return next(one.version for one in packages if one.name == f"python{plan.base.python}-minimal")


def _base(
    plan: Plan,
    packages: Sequence[Package],
    base: Callable[[], Sequence[Entry]],
    *,
    compiler: Compiler | None,
    store: Path,
) -> list[Recipe]:
    """What depends neither on the project's dependencies nor on its code."""
    version, launcher = _version(plan, packages), launch.files(plan)

    def library() -> Sequence[Entry]:
        folder = f"usr/lib/python{plan.base.python}/"
        files = (one for one in base() if one.kind == "file" and one.path.startswith(folder))
        sources = {one.path: one.data for one in files if one.path.endswith(".py")}
        return bytecode.entries([sources], checked=False, compiler=compiler, store=store)

    def bits() -> Sequence[Entry]:
        accounts = {one.path: one.data for one in base() if one.path in {"etc/passwd", "etc/group"}}
        made = runtime.entries(plan, version, launcher, accounts)
        sources = [{one.path: one.data} for one in made if one.path.endswith(".py")]
        return [*made, *bytecode.entries(sources, checked=False, compiler=compiler, store=store)]

    key = [debian.recipe(), [one.sha256 for one in packages], plan.base.python]
    user = [plan.user.name, plan.user.uid, plan.user.gid, plan.user.home]
    own = [version, plan.volume, user, {name: data.decode() for name, data in launcher.items()}]
    compiled = compiler.identity if compiler else None
    return [
        Recipe(key=key, made_by=f"lading: Debian {plan.base.suite}", entries=base),
        *(
            [Recipe(key=[key, compiled], made_by=f"lading: bytecode of Python {plan.base.python}", entries=library)]
            if compiler
            else []
        ),
        Recipe(key=[key, compiled, own], made_by="lading: user, volume, launcher", entries=bits),
    ]
