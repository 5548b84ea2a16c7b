"""Becoming the program that a role names, or staying as the first process of the container, and attending to it."""

from __future__ import annotations

import os
import sys

from .log import Stop


def become(env: dict[str, str], role: str, argv: list[str], *, stay: bool = False, hurries: bool = False) -> None:
    """Be replaced by `argv`; or `stay` as the first process of the container, and attend to it."""
    env["LADING_ROLE"] = role  # by which the health check knows what runs here
    env.setdefault("SPT_NOENV", "1")  # setproctitle, which Celery and RQ use, would write a title over it
    if not stay or os.getpid() != 1:
        import signal

        # Python ignores these, and whoever it becomes would go on to: `yes | head` would not end.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        try:
            os.execve(argv[0], argv, env)  # noqa: S606
        except (OSError, ValueError) as error:
            raise cannot(argv, error) from None
    status, asked = attended(argv, env, hurries=hurries)
    sys.exit(0 if asked and status == 128 + asked else status)  # that it ended as it was asked to is no failure


def attended(argv: list[str], env: dict[str, str], *, hurries: bool = False) -> tuple[int, int]:
    """Start `argv`, pass signals on to it, and wait for it and for all that is left to us.

    Returns its exit status and the signal that we were asked to end by, 0 where nobody asked. A second SIGTERM or
    SIGINT kills it, unless it `hurries` by itself.
    """
    import signal

    child = 0
    early: list[int] = []
    asked: list[int] = []

    def passed(number: int, _frame: object) -> None:
        if not child:
            early.append(number)
            return
        stops = number in (signal.SIGTERM, signal.SIGINT)
        hard = stops and bool(asked) and not hurries
        asked.extend([number] if stops else [])
        try:
            os.kill(child, signal.SIGKILL if hard else number)
        except ProcessLookupError:
            return  # it has just been waited for

    # Before it is there: it may tell somebody that it runs, and that one end us, before we do anything else.
    names = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
    before = [(getattr(signal, name), signal.signal(getattr(signal, name), passed)) for name in names]
    try:
        child = os.posix_spawn(argv[0], argv, env, setsigdef=(signal.SIGPIPE, signal.SIGXFSZ))
    except (OSError, ValueError) as error:
        for number, handler in before:
            signal.signal(number, handler)
        raise cannot(argv, error) from None
    for number in early:
        passed(number, None)
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            for number, handler in before:
                signal.signal(number, handler)
            killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            return (128 + killed if killed else os.WEXITSTATUS(status)), (asked or [0])[0]


def cannot(argv: list[str], error: Exception) -> Stop:
    """What to stop with where `argv` is not started: its format, its interpreter, a variable that is too long."""
    return Stop(f"{argv[0]} cannot be started: {getattr(error, 'strerror', None) or error}", 2)
