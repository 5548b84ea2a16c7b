"""A plan's server and programs → their command lines, with marks for what the environment decides at the start.

The marks are those of `launch.command`: {host}, {port}, {bind}, {level}, {plain}, {count}, {unique}. The interpreter,
which every line begins with, is left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from lading.dependencies import requirement
from lading.model import Plan, Program


def server(plan: Plan) -> list[str]:
    """The command line of the server that `plan` names."""
    own, app = plan.server, plan.app
    grace, alive = str(graceful_seconds(plan)), str(own.keep_alive)
    # These two call what they are given when it is written as a call.
    made = f"{app.target}()" if app.factory else app.target
    match own.kind:
        case "gunicorn":
            # Its workers show that they live by touching a file: on a disk that stalls, it would kill them.
            return [
                "-m", "gunicorn", made, "--worker-class", _worker_class(plan), "--bind", "{bind}",
                "--workers", "{count}", "--log-level", "{plain}", "--graceful-timeout", grace, "--keep-alive", alive,
                "--worker-tmp-dir", "/dev/shm", "--access-logfile", "-",  # noqa: S108 - of the container
            ]  # fmt: skip
        case "hypercorn":
            return [
                "-m", "hypercorn", made, "--bind", "{bind}", "--workers", "{count}", "--log-level", "{plain}",
                "--graceful-timeout", grace, "--keep-alive", alive, "--access-logfile", "-",
                *(("--root-path", own.root_path) if own.root_path else ()),
            ]  # fmt: skip
        case "granian":
            return [
                "-m", "granian", "--interface", "asgi", app.target, "--host", "{host}", "--port", "{port}",
                "--workers", "{count}", "--log-level", "{plain}", "--workers-kill-timeout", grace,
                *(("--factory",) if app.factory else ()),
                *(("--url-path-prefix", own.root_path) if own.root_path else ()),
            ]  # fmt: skip
        case _:
            return [
                "-m", "uvicorn", app.target, "--host", "{host}", "--port", "{port}", "--log-level", "{level}",
                "--workers", "{count}", "--timeout-graceful-shutdown", grace, "--timeout-keep-alive", alive,
                *(("--factory",) if app.factory else ()),
                *(("--root-path", own.root_path) if own.root_path else ()),
            ]  # fmt: skip


def development(plan: Plan) -> list[str]:
    """The command line of the server of the development stage: under the debugger, and anew after each edit.

    Uvicorn whatever the project's server is, which reloads without more.
    """
    app, root = plan.app, plan.server.root_path
    return [
        "-X", "frozen_modules=off", "-m", "debugpy", "--listen", f"0.0.0.0:{DEBUGGER}",
        "-m", "uvicorn", app.target, "--host", "{host}", "--port", "{port}", "--log-level", "{level}",
        "--reload", "--timeout-graceful-shutdown", "1",
        *(("--factory",) if app.factory else ()),
        *(("--root-path", root) if root else ()),
    ]  # fmt: skip


#: The port that a debugger attaches to.
DEBUGGER = 5678


def graceful_seconds(plan: Plan) -> int:
    """How long the server waits for its requests: less than the engine waits for the server, whose shutdown follows."""
    return max(plan.stop_seconds - 2, 1)


def _worker_class(plan: Plan) -> str:
    """Uvicorn's own class for gunicorn is deprecated for that of a distribution of its own."""
    brought = (*plan.dependencies.requirements, *plan.dependencies.pinned)
    apart = any(requirement.name(text)[0] == "uvicorn-worker" for text in brought)
    return "uvicorn_worker.UvicornWorker" if apart else "uvicorn.workers.UvicornWorker"


def program(one: Program, plan: Plan) -> list[str]:
    """The command line of a worker or a scheduler; what the project's own command says stands above what we would."""
    every = _usual(one, plan)
    said = {word.partition("=")[0] for word in one.arguments}
    words = [word for option in every if not said & _NAMES.get(option[0], {option[0]}) for word in option]
    return [*words, *one.arguments]


def health(one: Program) -> str:
    """How the health check asks a program: Celery's own ping; the turns that its threads take; only that it is there.

    A Celery worker whose pool is its own thread answers no ping while it works.
    """
    if one.kind == "apscheduler":
        return "there"
    alone = {"solo", "--pool=solo", "-Psolo"} & set(one.arguments)
    return "celery" if one.kind == "celery" and one.role == "worker" and not alone else "turns"


#: The libraries whose programs heed a second signal by themselves.
HURRYING = ("dramatiq", "rq", "huey")

#: An option's other names, where the project's own command may use them.
_NAMES: Mapping[str, set[str]] = {
    "--concurrency": {"--concurrency", "-c", "--autoscale"},
    "--loglevel": {"--loglevel", "-l"},
    "--queues": {"--queues", "-Q"},
    "--schedule": {"--schedule", "-s"},
    "--processes": {"--processes", "-p"},
    "--threads": {"--threads", "-t"},
    "--workers": {"--workers", "-w"},
    "--name": {"--name", "-n"},
}

#: arq cancels its jobs at a SIGTERM unless it is told to wait, which its command has no option for.
_ARQ = """\
import sys; from arq import cli, worker; \
worker.Worker.__init__.__kwdefaults__["job_completion_wait"] = {}; sys.exit(cli.cli())"""

#: Huey drops its tasks at a SIGTERM, and finishes them at a SIGINT: only of late can it be told otherwise.
_HUEY = """\
import signal; from huey.bin import huey_consumer; from huey.consumer import Consumer; \
usual = Consumer._set_signal_handlers; Consumer._set_signal_handlers = \
lambda self: (usual(self), signal.signal(signal.SIGTERM, signal.default_int_handler)); huey_consumer.consumer_main()"""


def _usual(one: Program, plan: Plan) -> list[tuple[str, ...]]:  # noqa: PLR0911 - a table
    """The words of a command line, option by option.

    What is in hand may take until a few seconds before the engine kills: the program looks for signals once a second
    or two, and closes its connections afterwards.
    """
    queues, left = ",".join(one.queues), max(plan.stop_seconds - 3, 1)
    match one.kind, one.role:
        case "celery", "scheduler":
            # Its file of last runs must last; it looks up often enough for the health check to see that it lives.
            schedule = ("--schedule", f"{plan.volume}/celerybeat-schedule")
            return [("-m", "celery", "-A", one.target, "beat"), ("--loglevel", "{plain}"), schedule,
                    ("--pidfile=",), ("--max-interval", "2")]  # fmt: skip
        case "celery", _:
            return [("-m", "celery", "-A", one.target, "worker"), ("--loglevel", "{plain}"),
                    ("--concurrency", "{count}"), *((("--queues", queues),) if queues else ())]  # fmt: skip
        case "dramatiq", _:
            return [("-m", "dramatiq", *one.target.split()), ("--processes", "{count}"), ("--threads", "8"),
                    ("--worker-shutdown-timeout", f"{left}000")]  # fmt: skip
        case "arq", _:
            return [("-c", _ARQ.format(left), one.target)]
        case "rq", _:
            # It looks up so often when it waits, which is this less 15 s, and when a job takes long: its sign of life.
            return [("-m", "rq.cli", "worker", *(one.queues or ("default",))), ("--name", "{unique}"),
                    ("--worker-ttl", "17"), ("--job-monitoring-interval", "5")]  # fmt: skip
        case "taskiq", "scheduler":
            return [("-m", "taskiq", "scheduler", one.target)]
        case "taskiq", _:
            return [("-m", "taskiq", "worker", one.target), ("--workers", "{count}"),
                    ("--wait-tasks-timeout", str(max(left - 2, 1))), ("--shutdown-timeout", "2")]  # fmt: skip
        case "huey", _:
            return [("-c", _HUEY, one.target), ("--workers", "{count}")]
        case "faststream", _:
            return [("-m", "faststream", "run", one.target), ("--workers", "{count}")]
        case _:
            return [("-m", one.target.partition(":")[0])]
