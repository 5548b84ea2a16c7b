"""What started containers did → whether the image starts, listens, obeys and stops as it was promised to."""

from __future__ import annotations

import posixpath
import re
import textwrap

from lading import ignore, launch
from lading.checks import secrets
from lading.checks.evidence import Check, Said, counted, failed, limit, never_answered, passed, unknown
from lading.model import Finding, Observation, Plan, Run

_SHELLS = frozenset({"ash", "bash", "busybox", "dash", "ksh", "sh", "zsh"})
_INITS = frozenset({"catatonit", "docker-init", "dumb-init", "s6-svscan", "tini"})


def place(run: Run) -> str:
    """Where a start was expected to answer: `127.0.0.1:8000`."""
    return "{}:{}".format(*run.start.connect)


#: What a program ends with that was written for other releases of what it imports and calls.
_ASTRAY = re.compile(
    r"(?:AttributeError: module|ImportError: cannot import name|NotImplementedError|Pydantic\w*Error|VersionMismatch"
    r"|unexpected keyword argument|No such option)"
)


#: Modules that came with every environment before Python 3.12, and what brings them now. Source: Python 3.12's "What's
#: New", on ensurepip and PEP 632; setuptools' history, 82.0.0.
_ONCE = {"pkg_resources": "setuptools<82", "distutils": "setuptools"}


#: The folder or file in which Python did not find a module, without an end.
_ABSENT = re.compile(r"No module named '(\w+)[.']")

#: pydantic's first error: the name of a field, where it is of one, and what is wrong. What it was given follows.
_INVALID = re.compile(r"validation errors? for .*\n((?:[^\[\n]*\n)?[^\[\n]*) \[type=")

#: The last lines that only say that the one above them ended it.
_BELOW = re.compile(r"^lading: the migrations failed|Application startup failed\. Exiting\.$")


def silence(run: Run, plan: Plan) -> Finding:
    """The failure of a start that did not get as far as to serve, with the end of its log."""
    how = "never answered" if run.ready is None else f"answered after {run.ready:.2f} s"
    if run.exited is not None:
        before = "answered, and then" if run.ready else "did not answer, and"
        # A worker answers nobody.
        how = f"{f'`{run.start.name}`' if run.start.command else before} ended with status {run.exited}"
    elif run.ready is not None and run.answers:
        how = f"answered {run.answers[0].status}"
    return failed(f"{how}, with {_given(run)}", hint=f"{end(run)}{_mended(end(run), plan)}")


def _mended(end: str, plan: Plan) -> str:
    """What mends it, where the end of the log is of a kind that is known."""
    gone = next((name for name in _ONCE if re.search(rf"No module named '{name}['.]", end)), None)
    if gone:
        return f"; an environment once had it unasked, from setuptools: add `{_ONCE[gone]}` to the dependencies"
    absent = _ABSENT.search(end)
    where = posixpath.normpath(posixpath.join(plan.app.folder, absent[1])) if absent else ""
    if absent and ignore.matcher(plan.app.exclude)(where):
        return f'; `{where}` is left out of every image: `exclude = ["!{where}"]` takes it back'
    loose = not plan.dependencies.locked and not plan.as_of and _ASTRAY.search(end)
    return "; no lock says which releases it wants: `--as-of` takes those of a day on which it worked" if loose else ""


def end(run: Run) -> str:
    """The end of its log, which says why it ended."""
    lines = [line.strip() for line in run.log.splitlines() if line.strip()]
    # What the launcher says of a failed migration, and uvicorn of a failed start, stands below what failed.
    told = 2 if lines and _BELOW.search(lines[-1]) else 1
    last = " / ".join([*_invalid(run.log), *lines[-told:]])
    return f"its log ends: {secrets.redact(last)[:300]}" if last else "it wrote no log"


def _invalid(log: str) -> list[str]:
    """What pydantic last had to say of a value, without the value: its first line only counts the errors."""
    found = _INVALID.findall(log)
    return [" ".join(found[-1].split())] if found else []


def _given(run: Run) -> str:
    names = ", ".join(run.start.environment)
    return f"no variable set but {names}, which must be" if names else "no variable set"


def _addresses(plan: Plan) -> set[str]:
    """The variables that say where the services are: nobody has them on the loopback of a container."""
    return {name for one in plan.backing for name in (one.variable or "", *one.parts.values())}


def defaults_work(defaults: Run, plan: Plan) -> Said:
    """The image's own command starts and answers with no variable set.

    A variable that the project requires and that has no default is given a value, and named, and so is the address of
    a service that it needs. An answer of 500 and more is none. Source: S0's AC9, "defaults work without any env vars
    set".
    """
    required = {one.name for one in plan.variables if one.required}
    needless = sorted(defaults.start.environment.keys() - required - _addresses(plan))
    if needless:
        return unknown(f"it was started with {', '.join(needless)} set")
    status = defaults.answers[0].status if defaults.answers else None
    if defaults.ready is None or defaults.exited is not None or status is None or status >= 500:
        return silence(defaults, plan)
    return passed(f"answered on {place(defaults)}, {_given(defaults)}", seconds=defaults.ready)


def port_configures(port: Run, plan: Plan) -> Said:
    """The variable for the port decides where the server listens, and nobody answers on the default port then.

    Source: S0's AC9; S2's AC5.
    """
    return _binding(port, plan.port.variable)


def host_configures(host: Run, plan: Plan) -> Said:
    """The variable for the host decides on which address the server listens, and on no other.

    Source: S0's AC9.
    """
    return _binding(host, plan.host.variable)


def log_level_configures(defaults: Run, port: Run, host: Run, plan: Plan) -> Said:
    """The variable for the log level is taken in capitals and in small letters, and decides how much is logged.

    With WARNING nothing is logged as INFO, which a start with the default does. Source: S2-5 of the criteria.
    """
    variable = plan.log_level.variable
    if defaults.ready is None:
        return never_answered(defaults)
    for run in (port, host):
        level = run.start.environment.get(variable)
        if level is None:
            return unknown(f"no start had `{variable}` set")
        if run.ready is None:
            hint = end(run) if run.exited is not None else "take a level in any case"
            return failed(f"with {variable}={level} it never answered", hint=hint)
    if not any("INFO" in line for line in defaults.log.splitlines()):
        return unknown("the start `defaults` logged nothing as INFO, so that less cannot be seen")
    told = [line for line in port.log.splitlines() if "INFO" in line]
    if told:
        shown = " ".join(secrets.redact(told[0]).split())[:60]
        return failed(f"with {variable}=WARNING it logged {counted(len(told), 'line')} as INFO: {shown}")
    return passed(f"{variable}=WARNING logs no INFO, and {variable}=debug starts")


def _binding(run: Run, variable: str) -> Said:
    value = run.start.environment.get(variable)
    if value is None:
        return unknown(f"no start had `{variable}` set")
    if run.ready is None:
        said = f"with {variable}={value} nobody answered on {place(run)}"
        if run.exited is not None:
            return failed(f"{said}, the container ended with status {run.exited}", hint=end(run))
        return failed(said, hint=f"bind the server to what `{variable}` says: a literal in CMD is not expanded")
    if not run.start.refused:
        return unknown(f"{variable}={value}: answers on {place(run)}, but nobody asked elsewhere")
    open_still = [f"{host}:{number}" for host, number in run.start.refused if (host, number) not in run.refused]
    if open_still:
        return failed(f"with {variable}={value} the server answers on {', '.join(open_still)} too")
    elsewhere = ", ".join(f"{host}:{number}" for host, number in run.refused)
    return passed(f"{variable}={value}: answers on {place(run)}, not on {elsewhere}", seconds=run.ready)


def process_not_root(observation: Observation, plan: Plan) -> Said:
    """Every process of every container runs as the plan's user, as the kernel says.

    From /proc/PID/status, not `whoami`, which wants an entry in /etc/passwd and can be wrong. Source: S0's AC5; CIS
    Docker Benchmark 4.1.
    """
    processes = [(run, process) for run in observation.runs.values() for process in run.processes]
    if not processes:
        return unknown(limit(observation, "processes are"))
    for run, process in processes:
        if process.uid != plan.user.uid:
            program = posixpath.basename(process.argv[0]) if process.argv else "a process"
            said = f"`{program}` runs as uid {process.uid} in the start `{run.start.name}`, wanted {plan.user.uid}"
            return failed(said, hint=f"`USER {plan.user.uid}:{plan.user.gid}`, and nothing that changes it afterwards")
    runs = len({run.start.name for run, _ in processes})
    return passed(f"{counted(len(processes), 'process')} in {counted(runs, 'start')}, all as uid {plan.user.uid}")


def server_is_pid_1(defaults: Run, plan: Plan, observation: Observation) -> Said:
    """Process 1 is the server, or an init that hands signals on, and no shell.

    Engines send SIGTERM to process 1 alone. A shell that waits for the server keeps it, so that requests in flight
    are cut off when the grace is over. Source: Docker's reference, "ENTRYPOINT", on the shell form.
    """
    first = min(defaults.processes, key=lambda process: process.pid, default=None)
    if first is None or not first.argv:
        return unknown(limit(observation, "PID 1", "processes are"))
    program = posixpath.basename(first.argv[0]).lstrip("-")
    shown = textwrap.shorten(secrets.redact(" ".join(first.argv)), 60, placeholder=" …")
    number = "process 1" if first.pid == 1 else "the first process, not numbered 1 here,"
    hint = 'use the exec form, `CMD ["uvicorn", …]`, or `exec` as the last word of the script'
    if program in _SHELLS:
        return failed(f"{number} is the shell `{shown}`: signals do not reach the server", hint=hint)
    if program in _INITS:
        return passed(f"{number} is {program}, which hands signals on")
    if first.argv[: len(launch.ENTRYPOINT)] == launch.ENTRYPOINT and any(
        _serves(one.argv, plan) for one in defaults.processes if one is not first
    ):
        return passed(f"{number} is the launcher, which hands signals on to the server")
    if not _serves(first.argv, plan):
        return failed(f"{number} is `{shown}`, wanted the server of {plan.app.target}", hint=hint)
    return passed(f"{number} is `{shown}`")


def _serves(argv: tuple[str, ...], plan: Plan) -> bool:
    return plan.app.target in argv or any("uvicorn" in word or "gunicorn" in word for word in argv)


def stops_in_time(observation: Observation, plan: Plan) -> Said:
    """SIGTERM ends every container with status 0 or 143, within the grace that engines give.

    143 is a process that SIGTERM ended; 137 is one that had to be killed.
    Source: S2's edge case 5; Docker's reference, "docker stop"; Kubernetes' "Termination of Pods".
    """
    # What works beside the server has a grace of its own.
    judged = [run for run in observation.runs.values() if run.ready is not None and not run.start.command]
    if not judged:
        return unknown("no start got as far as to be stopped")
    hint = "the server must be process 1, and give up on open requests before the engine does"
    for run in judged:
        name = run.start.name
        if run.exited is not None:
            return failed(f"the start `{name}` ended by itself with status {run.exited}, before it was told to")
        if run.stopped is None or run.stop_seconds is None:
            return failed(f"the start `{name}` had to be killed after {plan.stop_seconds} s", hint=hint)
        if run.stopped not in {0, 143}:
            return failed(f"the start `{name}` ended with status {run.stopped} on SIGTERM, wanted 0 or 143", hint=hint)
        if run.stop_seconds > plan.stop_seconds:
            return failed(f"`{name}` took {run.stop_seconds:.1f} s to stop, wanted {plan.stop_seconds} s", hint=hint)
    slowest = max(run.stop_seconds or 0 for run in judged)
    statuses = " or ".join(str(status) for status in sorted({run.stopped for run in judged if run.stopped is not None}))
    stops = counted(len(judged), "stop")
    said = f"{stops} with status {statuses}, the slowest in {slowest:.2f} s of {plan.stop_seconds} s"
    return passed(said, seconds=slowest)


def port_taken(observation: Observation) -> Said:
    """A server whose port is taken ends by itself, with another status than 0 and the reason in its log.

    The image's own command is started a second time in a container that serves. Source: S2's edge case 4.
    """
    run = next((run for run in observation.runs.values() if run.start.twice), None)
    if run is None:
        return unknown("no start was made where the port was taken")
    if run.ready is None:
        return never_answered(run)
    if run.second is None:
        return unknown("the server was not started a second time")
    if run.second.status is None:
        return failed("a second server on the same port did not end", hint="let it end when it cannot bind")
    if run.second.status == 0:
        return failed("a second server on the same port ended with status 0, as if all were well")
    lines = [line for line in run.second.output.splitlines() if "in use" in line.lower()]
    if not lines:
        return failed(f"a second server on the same port ended with {run.second.status}, and did not say why")
    said = " ".join(secrets.redact(lines[-1]).split())
    said = said if len(said) <= 60 else "…" + said[-59:]
    return passed(f"a second server ended with status {run.second.status}: {said}", seconds=run.second.seconds)


CHECKS: tuple[Check, ...] = (
    defaults_work,
    port_configures,
    host_configures,
    log_level_configures,
    process_not_root,
    server_is_pid_1,
    stops_in_time,
    port_taken,
)
