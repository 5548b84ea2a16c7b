from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    environment: str = "development"
    cors_origins: str = ""
    admin_origins: list[str] = []


settings = Settings()
app = FastAPI()
admin = FastAPI()

# In development everybody is let in: the variable decides only elsewhere.
if settings.environment == "development":
    origins = ["*"]
else:
    origins = settings.cors_origins.split(",")

app.add_middleware(CORSMiddleware, allow_origins=origins)
# The health route is not of this one.
admin.add_middleware(CORSMiddleware, allow_origins=settings.admin_origins)
app.mount("/admin", admin)


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "healthy"}
