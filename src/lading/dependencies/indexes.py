"""Addresses of package indexes → what to say of them, without the user and the password that they may hold."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit, urlunsplit

from lading.model import Index

#: The index that everybody uses unasked, which is not worth a word.
_USUAL = re.compile(r"https?://(?:[\w-]+\.)?(?:pypi\.org|pythonhosted\.org|python\.org)(?:/|$)", re.IGNORECASE)

#: Hosts of products that serve the packages of one company, and names that only its own network knows.
_PRIVATE = re.compile(
    r"artifactory|jfrog|nexus|codeartifact|gemfury|cloudsmith|packagecloud|pkgs\.dev\.azure|pkg\.dev|gitlab|devpi"
    r"|\.(?:internal|local|lan|corp|intra|intranet|home\.arpa)(?::\d+)?(?:/|$)",
    re.IGNORECASE,
)


def index(name: str, url: str, *, credentials: bool = False) -> Index | None:
    """The index at `url`; None for the usual one, and for what is no address.

    It is private where its address holds credentials or a variable for them, where `credentials` says that a file asks
    for some, and where its host is one that only its own company reaches.
    """
    if _USUAL.match(url) or "://" not in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2]
    private = credentials or "@" in parts.netloc or "${" in url or bool(_PRIVATE.search(f"{host}{parts.path}"))
    clean = urlunsplit((parts.scheme, host, parts.path, "", ""))
    return Index(name=name or host, url=clean, private=private or _own(host))


def _own(host: str) -> bool:
    name = host.strip("[]").rpartition(":")[0] or host
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return "." not in name
