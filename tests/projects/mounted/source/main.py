from fastapi import FastAPI

from admin import admin

v1 = FastAPI()
app = FastAPI()


@v1.get("/live")
def live():
    return {}


app.mount("/api/v1", v1)
app.mount("/admin", app=admin)
