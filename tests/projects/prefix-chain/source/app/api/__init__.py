from fastapi import APIRouter

import app.api.monitoring
from app.config import Settings

router = APIRouter(prefix="/" + Settings.VERSION)
router.include_router(app.api.monitoring.router, prefix="/monitoring")
