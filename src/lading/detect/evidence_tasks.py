"""pyproject.toml → the starts that it declares: FastAPI's entry point, tasks, the project's own programs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lading.detect import evidence_files, evidence_tree
from lading.detect.code import Code
from lading.detect.evidence_servers import Start
from lading.detect.evidence_shell import commands
from lading.settings import toml


def starts(code: Code) -> Iterator[Start]:
    """`[tool.fastapi] entrypoint`, and the tasks of pdm, poe, taskipy, hatch and rye."""
    table = _pyproject(code)
    tool = _table(table, "tool")
    entrypoint = _table(tool, "fastapi").get("entrypoint")
    if isinstance(entrypoint, str):
        yield Start(
            program="fastapi",
            argv=("fastapi", "run"),
            where=_line(code, "entrypoint"),
            kind="setting",
            target=entrypoint,
        )
    tasks = [_table(tool, "pdm", "scripts"), _table(tool, "poe", "tasks"), _table(tool, "taskipy", "tasks")]
    tasks += [_table(tool, "rye", "scripts"), _table(tool, "hatch", "scripts")]
    tasks += [_table(env, "scripts") for env in _table(tool, "hatch", "envs").values()]
    for task in tasks:
        for name, said in task.items():
            for text in _texts(said):
                for command in commands(text):
                    yield replace(evidence_files.start(command, _line(code, name), "task"), name=name)


def scripts(code: Code) -> Mapping[str, str]:
    """The project's own programs: `{"shop": "shop.cli:main"}`."""
    table = _pyproject(code)
    found = {**_table(table, "tool", "poetry", "scripts"), **_table(table, "project", "scripts")}
    plain = {
        name: said.get("callable", said.get("reference")) if isinstance(said, dict) else said
        for name, said in found.items()
    }
    named = {name: said for name, said in plain.items() if isinstance(said, str)}
    for path in ("setup.cfg", "setup.py"):
        if path in code.source.files:
            pattern = r"^\s*[\"']?([\w.-]+)\s*=\s*([\w.]+:[\w.]+)"
            for name, said in re.findall(pattern, evidence_tree.text(code, path), re.MULTILINE):
                named.setdefault(name, said)
    return named


def _pyproject(code: Code) -> Any:
    if "pyproject.toml" not in code.source.files:
        return {}
    if ("pyproject",) not in code.memo:
        code.memo["pyproject",] = toml(code.source, "pyproject.toml")
    return code.memo["pyproject",]


def _table(table: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}


def _texts(said: Any) -> Iterator[str]:
    if isinstance(said, dict):
        said = said.get("cmd") or said.get("shell") or said.get("composite") or said.get("script")
    for item in said if isinstance(said, list) else [said]:
        if isinstance(item, str):
            yield item


def _line(code: Code, key: str) -> str:
    for number_, line in enumerate(evidence_tree.text(code, "pyproject.toml").splitlines(), start=1):
        if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return f"pyproject.toml:{number_}"
    return "pyproject.toml"
