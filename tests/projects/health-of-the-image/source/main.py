from fastapi import APIRouter, FastAPI

router = APIRouter(prefix="/app")


@router.get("/about")
def about() -> dict[str, str]:
    return {"version": "1.2.0"}


app = FastAPI(docs_url=None, openapi_url=None)
app.include_router(router, prefix="/api")
