from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

try:
    VERSION = version("optional")
except PackageNotFoundError:
    VERSION = "unknown"

app = FastAPI(version=VERSION)
