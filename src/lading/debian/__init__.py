"""The base of an image out of signed Debian packages, without dpkg, apt or a container registry."""

from lading.debian.packages import Package
from lading.debian.pin import lock, recipe
from lading.debian.tree import entries

__all__ = ["Package", "entries", "lock", "recipe"]
