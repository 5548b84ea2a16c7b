import iniconfig


def hello() -> str:
    return "hello" if iniconfig else ""
