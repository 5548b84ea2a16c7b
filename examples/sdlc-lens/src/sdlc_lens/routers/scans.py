"""Reading the documents again."""

from fastapi import APIRouter, HTTPException, status

from sdlc_lens.dependencies import SessionDep, SettingsDep
from sdlc_lens.scan import NoFolder, scan
from sdlc_lens.schemas import ScanRead, Skipped

router = APIRouter(tags=["scans"])


@router.post("/scans", responses={503: {"description": "The folder of the documents is not there"}})
async def create(session: SessionDep, settings: SettingsDep) -> ScanRead:
    """Read the folder of the documents again, in place of what was read before."""
    try:
        tree = await scan(settings.documents, session)
    except NoFolder as missing:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, str(missing)) from missing
    return ScanRead(
        documents=len(tree.documents),
        relations=sum(len(parsed.relations) for _, _, parsed in tree.documents),
        skipped=[Skipped(path=path, reason=reason) for path, reason in tree.skipped],
    )
