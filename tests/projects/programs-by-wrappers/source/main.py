import shutil
import subprocess
from asyncio import to_thread

from fastapi import FastAPI

from tools import DRAW, Converter, looked, output, settings, start

app = FastAPI()
if shutil.which("git"):
    print("a working copy")
if not shutil.which("gs"):
    raise SystemExit("Ghostscript is not installed")


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/all")
async def everything(name: str):
    await start("ffprobe", "-v", "error", name)
    output([DRAW, "-Tsvg", name])
    Converter().run(["tesseract", name, "-"])
    output([settings.scanner, name])
    await to_thread(subprocess.run, ["sox", name], check=True)
    return looked(name)


@app.get("/maybe")
def maybe(name: str):
    try:
        return output(["rsync", "--version"])
    except OSError:
        return "without"
