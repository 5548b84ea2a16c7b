import os

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:////var/lib/parcels.db"))
app = FastAPI()


class Count(BaseModel):
    kind: str
    many: int


class State(BaseModel):
    status: str


def get_session():
    with Session(engine) as session:
        yield session


@app.get("/health")
def health() -> State:
    return State(status="ok")


@app.get("/ready")
def ready(session: Session = Depends(get_session)):
    session.execute(text("select 1"))
    return State(status="ready")


# What a parcel is, and not what the backend is.
@app.get("/api/v1/status")
def status(session: Session = Depends(get_session)) -> list[Count]:
    return [Count(kind=kind, many=many) for kind, many in session.execute(text("select 1"))]


@app.get("/orders/status", response_model=Count)
def first(session: Session = Depends(get_session)):
    return session.execute(text("select 1")).one()


@app.get("/carts/status")
def second(session: Session = Depends(get_session)):
    return {"status": session.query(Count).filter(Count.kind == "new").all()}


@app.get("/system/status", response_model=State)
def third():
    return State(status="ok")
