from importlib import resources


def tea() -> str:
    return resources.files("shop_window").joinpath("price.txt").read_text().strip()
