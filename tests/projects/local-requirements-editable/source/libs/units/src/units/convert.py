import iniconfig


def metres(feet: float) -> float:
    return feet * 0.3048 if iniconfig else 0
