from fastapi import FastAPI

app = FastAPI()


def first(value):
    match value:
        case [one, *_]:
            return one
    try:
        pass
    except* ValueError:
        pass
