import asyncio
import subprocess

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def convert():
    subprocess.run(["/usr/bin/ffmpeg", "-i", "a"])
    await asyncio.create_subprocess_exec("pandoc", "-o", "b")
    try:
        subprocess.check_output(["git", "rev-parse", "HEAD"])
    except FileNotFoundError:
        pass
    subprocess.run(["unheard-of"])
