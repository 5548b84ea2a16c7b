from fastapi import FastAPI

from prices import price
from shop.names import name

app = FastAPI()
