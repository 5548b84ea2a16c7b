from fastapi import FastAPI
from sqlmodel import SQLModel, create_engine

engine = create_engine("sqlite:////data/shop.db")
app = FastAPI()


def make_tables():
    SQLModel.metadata.create_all(engine)


@app.get("/health")
def health():
    return {"status": "healthy"}
