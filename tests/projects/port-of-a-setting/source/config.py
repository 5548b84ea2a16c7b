from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings


class Server(BaseModel):
    host: str = "0.0.0.0"
    port: int = Field(default=8700)


class Settings(BaseSettings):
    server: Server = Server()


settings = Settings()
