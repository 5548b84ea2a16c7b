from fastapi import APIRouter, Response
from prometheus_client import generate_latest

router = APIRouter()


@router.get("/metrics")
def scraped():
    return Response(generate_latest())
