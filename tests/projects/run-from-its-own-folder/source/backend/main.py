from fastapi import FastAPI

import routers.users
from store import load

app = FastAPI()
