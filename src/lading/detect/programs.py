"""The code that the application imports → whether it starts programs of its own, which somebody must then wait for."""

from __future__ import annotations

from collections.abc import Collection

from lading.detect import names, system_programs
from lading.detect.code import Code
from lading.model import Fact

#: Modules whose purpose is to start a program, or that start one for all that they do.
STARTS = frozenset(
    {
        "subprocess", "multiprocessing", "pexpect", "plumbum", "pty", "sh", "invoke",
        "ffmpeg", "ffmpy", "git", "moviepy", "pdf2image", "pdfkit", "playwright", "pydub", "pyppeteer", "pypandoc",
        "pytesseract", "selenium", "imgkit", "yt_dlp",
    }
)  # fmt: skip

#: Calls of modules that do much else.
CALLS = (b"create_subprocess_", b"os.system(", b"os.popen(", b"os.fork(", b"os.spawn", b"ProcessPoolExecutor")


def detect(code: Code, reached: Collection[str]) -> Fact[bool] | None:
    """The first place of the application that starts programs; None where none does.

    A program that ends leaves its own children to process 1, and no ASGI server waits for them.
    """
    if called := system_programs.first(code, reached):
        return Fact(True, called, key="starts-programs")
    for path in sorted(reached):
        for one in code.imports(path):
            module = one.module.partition(".")[0]
            if one.level == 0 and module in STARTS and names.module(code, path, one) is None:
                return Fact(True, f"{path}:{_line(code, path, module.encode())}", "likely", key="starts-programs")
    for path in sorted(set(code.holding(*CALLS)) & set(reached)):
        word = next(word for word in CALLS if word in code.data(path))
        return Fact(True, f"{path}:{_line(code, path, word)}", "likely", key="starts-programs")
    return None


def _line(code: Code, path: str, word: bytes) -> int:
    """The first line that imports `word`, or else the first that holds it."""
    lines = code.data(path).splitlines()
    imports = (n for n, line in enumerate(lines, 1) if word in line and line.lstrip().startswith((b"import", b"from")))
    return next(imports, next((n for n, line in enumerate(lines, 1) if word in line), 1))
