"""Debian packages of the shipped stage and of the image → whether something needs each of them, and all are there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lading.checks import instructions
from lading.checks.evidence import Check, Said, counted, failed, passed
from lading.detect import system
from lading.model import Contents, Plan, Project
from lading.plan import PACKAGES

#: An installation up to the end of its command; where the name depends on the release, a shell's `case` says which.
_INSTALL = re.compile(r"\bapt(?:-get)?\b[^&|;]*?\binstall\b((?:\$\(.*?esac\)|[^&|;>$])*)", re.DOTALL)
_CASE = re.compile(r"\$\(.*?esac\)", re.DOTALL)
_RECORD = re.compile(r"/var/lib/dpkg/(?:info/([^/:]+)(?::[^/]+)?\.list|status\.d/([^/]+?))")
_HEADER = re.compile(r"/usr/(?:local/)?include/.*\.(?:h|hh|hpp|hxx)")
#: Not those of /usr/share, which packages of data bring, and nothing else.
_DEVELOP = re.compile(r"/usr/(?:local/)?lib/(?:.*/)?(?:pkgconfig/[^/]+\.pc|lib[^/]+\.a)")
_GL = {"libgl1", "libgl1-mesa-glx", "libgl1-mesa-dri"}


def system_packages_needed(dockerfile: str, contents: Contents, plan: Plan, project: Project) -> Said:
    """Each Debian package of the shipped stage is one that the lock or the code needs, and all of those are there.

    What needs a package is what detection found in the lock and in the code, and what the settings add. libgl1 brings
    213 MB for OpenCV's windows, of which the headless wheel has none. Where an image has no record of its packages,
    what is missing is judged by the Dockerfile. Source: S1-4; OpenCV's README, "Frequently Asked Questions".
    """
    wanted = {name: plan.because.get(f"base.packages.{name}", "the settings") for name in plan.base.packages}
    needed = {fact.value.name: fact.value.needed_by for fact in project.system if fact.value.stage == "run"}
    known = {alias: name for name in (*wanted, *needed) for alias in (name, system.on(name, "bookworm") or name)}
    out, brought = [], {}
    for line, name in installed_by(dockerfile):
        brought[known.get(name, name)] = line
        if name not in known:
            headless = any(text.startswith("opencv") and "headless" in text for text in _requirements(plan))
            why = (
                "the headless OpenCV opens no window" if name in _GL and headless else "nothing that is locked or coded"
            )
            said = f"`{name}` is installed in the shipped stage; {why}" + (
                "" if name in _GL and headless else " needs it"
            )
            out.append(failed(said, where=f"Dockerfile:{line}", hint="leave it out, or name it in `packages`"))
    there = {known.get(name, name) for name in recorded(contents)}
    for name, by in needed.items():
        if name not in (there or brought):
            out.append(
                failed(
                    f"`{name}` is not in the image, and {by} needs it",
                    where=plan.because.get(f"base.packages.{name}", ""),
                )
            )
    told = [f"{name} for {needed.get(name, 'the settings')}" for name in wanted if name not in PACKAGES]
    return out or passed("; ".join(told) or "none beside the base's own is needed, and none installed")


def _requirements(plan: Plan) -> Iterator[str]:
    yield from (*plan.dependencies.requirements, *plan.dependencies.pinned)


def installed_by(dockerfile: str) -> Iterator[tuple[int, str]]:
    """The packages that the shipped stage and those below it install with apt, each with its line."""
    for stage in instructions.chain(instructions.parse(dockerfile)):
        for one in stage.instructions:
            text = "\n".join((one.value, *one.heredocs)) if one.name == "RUN" else ""
            for found in _INSTALL.finditer(text):
                names = _CASE.sub(lambda case: " ".join(re.findall(r"echo ([^;]*);;", case[0])), found[1])
                for word in names.split():
                    if re.match(r"[a-z0-9]", word):
                        yield one.line, re.split(r"[=:/]", word)[0]


def recorded(contents: Contents) -> frozenset[str]:
    """The Debian packages that the image says it has."""
    found = (_RECORD.fullmatch(path) for path in contents.files)
    return frozenset(match[1] or match[2].removesuffix(".md5sums") for match in found if match)


def no_headers(contents: Contents) -> Said:
    """The image has the libraries that it runs with, and neither the headers nor the packages that others compile with.

    `libpq5` has 4 MB, `libpq-dev` 21. The headers of the interpreter and of wheels are their own. Source: S4-5; Debian
    Policy 8.4, "Development files".
    """
    packages = sorted(name for name in recorded(contents) if name.endswith("-dev"))
    out = [
        failed(f"the package `{name}` is in the image", hint="install the library that it is for") for name in packages
    ]
    for what, pattern in (("C header", _HEADER), ("development file", _DEVELOP)):
        places = [
            path
            for path, file in contents.files.items()
            if file.kind != "directory" and pattern.fullmatch(path) and not re.search(r"/(?:lib)?python3", path)
        ]
        if places:
            out.append(
                failed(f"{counted(len(places), what)} in the image", where=places[0], hint="build in another stage")
            )
    count = len(recorded(contents))
    return out or passed(f"no headers, no -dev among {counted(count, 'Debian package')}")


CHECKS: tuple[Check, ...] = (system_packages_needed, no_headers)
