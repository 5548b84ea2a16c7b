from fastapi import APIRouter

router = APIRouter()


@router.post("/health")
def report():
    return {}


@router.get("/jobs/status")
def status(job: str = ""):
    return job


@router.get("/healthz", include_in_schema=False)
def healthz():
    return {}
