from fastapi import Depends, FastAPI
from sqlalchemy import text

app = FastAPI()


def session(): ...


@app.get("/readyz")
def ready(db=Depends(session)):
    db.execute(text("SELECT 1"))


@app.get("/livez")
def live():
    return {}
