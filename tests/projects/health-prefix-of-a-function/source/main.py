from fastapi import APIRouter, FastAPI

ROOT = "shop/"


def under(base: str, inner: str = "v1") -> str:
    return f"/{base.strip('/')}/" + inner


router = APIRouter()


class Probe:
    def answer(self):
        return {}


router.add_api_route("/healthz", Probe().answer)
app = FastAPI()
app.include_router(router, prefix=under(ROOT))
