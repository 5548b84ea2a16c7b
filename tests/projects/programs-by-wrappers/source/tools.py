import asyncio
import os
import subprocess

from pydantic_settings import BaseSettings

DRAW = "/usr/bin/dot"


class Settings(BaseSettings):
    scanner: str = "exiftool"


settings = Settings()


async def start(*command: str):
    process = await asyncio.create_subprocess_exec(*command)
    await process.wait()


def output(command):
    try:
        return subprocess.run(command, capture_output=True, check=True).stdout
    except FileNotFoundError as error:
        raise RuntimeError("a program is not installed") from error


class Converter:
    def run(self, command, program=os.environ.get("PANDOC", "pandoc")):
        subprocess.check_call([program, "--version"])
        return subprocess.check_output([*command, "quiet"])


def looked(name):
    arguments = ["mediainfo", name]
    arguments += ["--Output=JSON"]
    return subprocess.check_output(arguments)
