"""A default of the code → what of it may stand in a plan: no password, whether somebody uses it or not."""

from __future__ import annotations

import re

_USER = re.compile(r"(?<=://)([^:/@\s]*)(?::[^@\s]*)?@")
_PASSWORD = re.compile(r"://[^:/@\s]*:[^@\s]+@")


def without(default: str | None, *, secret: bool = True) -> str | None:
    """`default` without the password of a URL; None for a secret that is no URL."""
    if default is None:
        return None
    if _PASSWORD.search(default):
        return _USER.sub(r"\1@", default)
    return None if secret and default and "://" not in default else default
