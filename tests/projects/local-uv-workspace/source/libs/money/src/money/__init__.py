import iniconfig


def shown(amount: int) -> str:
    return f"{amount} {'EUR' if iniconfig else ''}"
