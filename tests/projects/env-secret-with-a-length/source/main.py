from fastapi import FastAPI
from pydantic import AmqpDsn, Field, SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    signing_key: SecretStr = Field(min_length=32)
    queue_url: AmqpDsn = AmqpDsn("amqp://guest:guest@localhost:5672/")


settings = Settings()
app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}
