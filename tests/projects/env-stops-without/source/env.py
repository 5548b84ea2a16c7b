import os


def require(name, default=None):
    value = os.environ.get(name, default)
    if value is None:
        raise KeyError(name)
    return value
