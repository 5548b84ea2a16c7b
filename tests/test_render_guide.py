"""`DOCKER.md`: every command, variable, check, file and message that it names is one that there is."""

import importlib
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import test_render_compose as stack
from values import PROJECT

from lading import checks, launch, plan, render, settings, stages
from lading.cli import COMMANDS, arguments
from lading.model import Plan
from lading.render import compose, guide, guide_tables
from lading.source import Memory

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = ("task-list", "video-events", "sdlc-lens", "todo-api", "reading-app")
LAUNCHER = "".join(path.read_text() for path in sorted(launch.PROGRAMS.glob("*.py")))
#: What the words of Compose are, of those that the guide may use.
VERBS = {"up", "down", "logs", "restart", "run", "exec", "ps"}


@cache
def made(name: str) -> Plan:
    return stages.start(EXAMPLES / name, {}).plan


@pytest.fixture(params=[*NAMES, "full"])
def subject(request: pytest.FixtureRequest) -> Plan:
    return stack.FULL if request.param == "full" else made(request.param)


def text(plan: Plan) -> str:
    return render.files(plan)[guide.PATH]


def commands(text: str) -> list[str]:
    """The commands of the guide: those of its blocks, and those that stand in a sentence."""
    blocks = [line.partition(" #")[0].strip() for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
              for line in block.splitlines()]  # fmt: skip
    spans = re.findall(r"`((?:lading|docker) [^`]+)`", text)
    return [one for one in (*blocks, *spans) if one]


def test_every_command_is_one(subject: Plan) -> None:
    services = set(stack.services(subject))
    said = commands(text(subject))
    assert len(said) > 8
    for one in said:
        words = one.replace("$(", " ").replace(")", " ").split()
        if words[0] == "lading":
            name = words[1]
            assert name in COMMANDS, one
            arguments.parse(words[1:], COMMANDS, lambda name: importlib.import_module(f"lading.cli.{name}"))
        elif words[:2] == ["docker", "compose"]:
            rest = [word for word in words[2:] if word not in {"-f", "compose.yaml"}]
            assert rest[0] in VERBS, one
            named = [word.partition("=")[0] for word in rest[1:] if word in services or "=" in word]
            assert set(named) <= services, one
        else:
            assert words[0] in {"curl", "cp", "docker"}, one


def test_every_variable_is_read_somewhere(subject: Plan) -> None:
    files = render.files(subject)
    known = {one.name for one in subject.variables} | set(re.findall(r"\b[A-Z][A-Z_]+\b", LAUNCHER))
    known |= {word for one in subject.variables for word in one.allowed}
    known |= set(re.findall(r"\$\{(\w+)", files[compose.PATH] + files["compose.override.yaml"])) | {"NAME_FILE"}
    named = set(re.findall(r"`([A-Z][A-Z0-9_]+)(?:=[^`]*)?`", text(subject)))
    assert {one.name for one in subject.variables} <= named
    assert named - known == set()


def test_every_check_is_one() -> None:
    assert {check for _, ids in (*guide_tables.PROVED, *guide_tables.STACK) for check in ids} - set(
        checks.CHECKS
    ) == set()


def test_the_launchers_variables_are_those_that_compose_passes_on() -> None:
    assert tuple(guide_tables.LAUNCHER) == compose.LAUNCHER
    assert [name for name in guide_tables.LAUNCHER if f'"{name}"' not in LAUNCHER] == []


def test_every_message_is_the_launchers(subject: Plan) -> None:
    literals = " ".join(re.sub(r'"\n\s*f?"', "", LAUNCHER).split())
    messages = [said for said, _ in guide_tables.messages(subject)]
    assert len(messages) > 3
    for said in messages:
        parts = [part.strip(" ,`") for part in re.split("…", said)]
        assert [part for part in parts if part and part not in literals] == [], said


def test_every_file_is_written_or_made(subject: Plan) -> None:
    known = {*render.files(subject), ".env", ".secrets/", ".secrets"}
    known |= {f".secrets/{name}" for name in render.secrets.templates(subject)}
    named = set(re.findall(r"`(\.[a-z][\w./-]*|compose\.[\w.]+)`", text(subject)))
    assert named - known == set()


def test_a_stack_of_one_is_also_run_by_itself() -> None:
    alone = plan.make(replace(PROJECT, environment=()), settings.load(Memory({}), {}, {}))
    assert "docker run -p 127.0.0.1:8000:8000 -v task-list:/data task-list" in text(alone)
    assert "docker run" not in text(stack.FULL)


def test_only_what_can_happen_is_in_the_troubleshooting() -> None:
    said = " ".join(said for said, _ in guide_tables.messages(made("task-list")))
    assert "may not write" in said
    assert "does not start without" not in said
    assert "connected to" not in said


def test_lines_are_short_and_no_code_is_broken(subject: Plan) -> None:
    for line in text(subject).splitlines():
        assert line.replace("```", "").count("`") % 2 == 0, line
        assert len(line) <= 120 or line.startswith(("|", "docker")) or "`" in line, line
