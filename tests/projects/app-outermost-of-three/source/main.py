from fastapi import FastAPI

from v1 import api as first

admin = FastAPI()
root = FastAPI()
root.mount("/v1", first)
root.mount("/admin", admin)
