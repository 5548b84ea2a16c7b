"""`python -m app`: serve, bound as the environment says."""

import uvicorn

from app import config

if __name__ == "__main__":
    uvicorn.run("app.main:app", host=config.HOST, port=config.PORT, log_level=config.LOG_LEVEL)
