from tests.data.words import WORD


def sample() -> str:
    return WORD
