from fastapi import FastAPI

from store import engine

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/names")
def names():
    with engine.connect() as connection:
        return [name for name, in connection.exec_driver_sql("select name from names")]
