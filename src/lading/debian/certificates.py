"""The certificates of ca-certificates → the bundle that TLS libraries read, as update-ca-certificates(8) makes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lading.oci.layer import Entry

FOLDER = "usr/share/ca-certificates/"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"


def bundle(files: Mapping[str, Entry]) -> Iterable[Entry]:
    """Every certificate under /usr/share/ca-certificates in one file: Debian's own default trusts all of them.

    In the order of their paths, each with one newline after it. Nothing without the package.
    """
    paths = sorted(path for path in files if path.endswith(".crt") and bundled(path))
    if paths:
        yield Entry(path=BUNDLE, kind="file", data=b"".join(files[path].data.rstrip(b"\n") + b"\n" for path in paths))
        # Where OpenSSL itself looks, /usr/lib/ssl, is linked to /etc/ssl by the package `openssl`, which is not here.
        yield Entry(path="usr/lib/ssl/cert.pem", kind="symlink", mode=0o777, link="/" + BUNDLE)
        yield Entry(path="usr/lib/ssl/certs", kind="symlink", mode=0o777, link="/etc/ssl/certs")


def bundled(path: str) -> bool:
    """Whether `path` need not be in the image, because the bundle has what it holds."""
    return f"{path}/".startswith(FOLDER)
