"""GET over HTTP, into memory or into a file whose hash is known. The standard library's client, with retries."""

from __future__ import annotations

import hashlib
import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lading import cache
from lading.errors import Outside, Untrusted

ATTEMPTS = 3
TIMEOUT = 30  # seconds without a byte
_AGAIN = -3  # EAI_AGAIN of getaddrinfo(3), in Linux's netdb.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a server answered. `status` is 200, or 304 where `since` was asked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def get(url: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to one GET. 304 and 404 are answers; anything else that is not 200 raises `Outside`."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _open(url, headers or {}) as answer:
                return Response(status=answer.status, headers=dict(answer.headers), body=answer.read())
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in {304, 404}:
                return Response(status=error.code, headers=dict(error.headers), body=b"")
            if error.code < 500 or attempt == ATTEMPTS:
                raise Outside(f"`{_safe(url)}` answered {error.code} {error.reason}") from error
        except (OSError, http.client.HTTPException) as error:
            if attempt == ATTEMPTS or _hopeless(error):
                raise _unreachable(url, error) from error
        time.sleep(0.1 * 4**attempt)
    raise AssertionError("unreachable")


def download(url: str, path: Path, *, sha256: str, size: int | None = None) -> Path:
    """The file at `url` as `path`, checked against its hash while it comes; a file that is there already is kept.

    Raises `Untrusted` when the bytes are not those of the hash, `Outside` when they do not come. Nothing half-written
    is left, and nothing that does not match ever stands at `path`.
    """
    if path.exists():
        return path
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with cache.writing(path) as file, _open(url, {}) as answer:
                _copy(answer, file, url, sha256, size)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code < 500 or attempt == ATTEMPTS:
                raise Outside(f"`{_safe(url)}` answered {error.code} {error.reason}") from error
        except (OSError, http.client.HTTPException) as error:
            if attempt == ATTEMPTS or _hopeless(error):
                raise _unreachable(url, error) from error
        else:
            return path
        time.sleep(0.1 * 4**attempt)
    raise AssertionError("unreachable")


def _open(url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": "lading", **headers})  # noqa: S310 - https, http and file
    answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
    return answer


def _copy(answer: http.client.HTTPResponse, file: IO[bytes], url: str, sha256: str, size: int | None) -> None:
    digest, count = hashlib.sha256(), 0
    while chunk := answer.read(1 << 18):
        digest.update(chunk)
        file.write(chunk)
        count += len(chunk)
        if size is not None and count > size:
            break
    length = answer.headers.get("Content-Length")
    if length is not None and count < int(length):
        raise ConnectionError(f"it broke off after {count} of {length} bytes")
    if (size is not None and count != size) or digest.hexdigest() != sha256:
        raise Untrusted(
            f"`{_safe(url)}` is not the file that was promised: its SHA-256 is {digest.hexdigest()}, not {sha256}",
            hint="a proxy may have changed it, or the mirror is being updated: try again in a while",
        )


def _hopeless(error: BaseException) -> bool:
    """Whether trying again cannot help: a certificate is refused, or a name does not resolve, and not for now."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if type(reason).__name__ == "gaierror" and isinstance(reason, OSError):
        return reason.errno != _AGAIN
    return isinstance(reason, ssl.SSLCertVerificationError)


def _unreachable(url: str, error: BaseException) -> Outside:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    said = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason) or type(reason).__name__
    if isinstance(reason, ssl.SSLError):
        return Outside(
            f"`{_safe(url)}` cannot be trusted: {said}",
            hint="behind a proxy with a certificate of its own, set SSL_CERT_FILE to a bundle that holds it",
        )
    return Outside(f"`{_safe(url)}` cannot be reached: {said}", hint="check the network, or the proxy variables")


def _safe(url: str) -> str:
    """`url` without the name and the password that it may hold."""
    scheme, colon, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + colon + host.rpartition("@")[2] + slash + path
