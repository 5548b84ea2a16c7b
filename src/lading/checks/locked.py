"""A lock and the `*.dist-info` of an image → whether every distribution that it pins is there, in its version."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from lading.checks import packages
from lading.checks.evidence import Check, Said, counted, failed, passed, skipped, unknown
from lading.dependencies import exported
from lading.model import Contents, Image, Plan


def wheels_complete(contents: Contents, image: Image, plan: Plan, files: Mapping[str, str]) -> Said:
    """Every distribution that the lock pins for this platform is in the image, in its version, extras included.

    `pip wheel --no-deps` of a list that is not closed builds one wheel for `fastapi` and leaves the rest to the
    network; of `uvicorn[standard]` it loses what the extra is for, and WebSockets answer 404. What is only asked for,
    and not pinned, `production-dependencies` judges. Source: S4-4; PEP 440, "Version matching"; PEP 508.
    """
    there = packages.installed(contents)
    if not there:
        return unknown("no distribution's METADATA was found in the image")
    # What an interpreter's image has of its own, as its pip, is no answer where production has one.
    by_name = {one.name: one for one in (*there, *packages.served(there, plan))}
    pins = list(_pins(plan, files))
    if not pins:
        return skipped("no version is pinned")
    minor = packages.python(by_name, plan)
    wanted = [
        replace(pin, parent=path)
        for text, path in pins
        for pin in packages.closure([text], {}, minor, image.platform, sure=True)
    ]
    missing = [pin for pin in wanted if pin.name not in by_name]
    other = [pin for pin in wanted if pin.name in by_name and not packages.satisfied(pin, by_name[pin.name])]
    return [
        failed(f"`{pin.name}{pin.specifier}` is pinned, and not in the image", where=pin.parent) for pin in missing
    ] + [
        failed(f"`{pin.name}` is {by_name[pin.name].version}, and {pin.specifier} is pinned", where=pin.parent)
        for pin in other
    ] or passed(f"{counted(len(wanted), 'distribution')} pinned for this platform: all there")


def _pins(plan: Plan, files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The requirements that say one version, each with its place."""
    text = exported.text(plan.dependencies)
    first = plan.dependencies.files[0] if plan.dependencies.files else ""
    paths = {path: posixpath.normpath(posixpath.join(plan.layout.code, path)) for path in plan.dependencies.files}
    texts = {path: files.get(place, "") for path, place in paths.items()} if text is None else {first: text}
    for path, held in texts.items():
        lines = re.sub(r"\\\r?\n", " ", held)
        for line in lines.splitlines():
            bare = re.sub(r"\s--hash=\S+", "", line).partition(" #")[0].strip()
            if re.match(r"[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?\s*==", bare):
                yield bare, path


CHECKS: tuple[Check, ...] = (wheels_complete,)
