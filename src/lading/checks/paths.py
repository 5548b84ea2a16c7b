"""The files of an image, and a path in it → the file that is really there, symbolic links followed inside the image."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from lading.model import Contents, File

_MOST_LINKS = 40  # the kernel's own limit, path_resolution(7)


def resolve(files: Mapping[str, File], path: str) -> File | None:
    """The file at the absolute `path`, or None: it is not there, or the links go in a circle."""
    links = 0
    done, todo = "/", [part for part in path.split("/") if part]
    found: File | None = None
    while todo:
        done = posixpath.normpath(posixpath.join(done, todo.pop(0)))
        found = files.get(done)
        if found is None:
            return None
        if found.kind == "symlink":
            links += 1
            if links > _MOST_LINKS:
                return None
            todo = [part for part in found.link.split("/") if part] + todo
            done = "/" if found.link.startswith("/") else posixpath.dirname(done)
    return found


def program(files: Mapping[str, File], name: str, path: str) -> File | None:
    """The executable file that `name` means where PATH is `path`."""
    places = (name,) if "/" in name else tuple(posixpath.join(folder, name) for folder in path.split(":") if folder)
    found = (resolve(files, place) for place in places)
    return next((file for file in found if file and file.kind in {"file", "hardlink"} and file.mode & 0o111), None)


def below(contents: Contents, folder: str) -> Iterator[File]:
    """`folder` itself and all that is in it."""
    return (file for path, file in contents.files.items() if path == folder or path.startswith(folder + "/"))
