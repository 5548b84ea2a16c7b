"""A container → a Run, with a container that is a thread; and what an observation is made of, each by itself."""

import os
import signal
import socket
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest
from host_python import PLAN

from lading.errors import BadInput, Outside
from lading.model import Answer, Handover, Healthcheck, Image, Migrations, Outcome, Process, Reply, Request, Run, Start
from lading.observe import beside, entry, observe, probe, procfs, scratch, sqlite, tree, wire

pytestmark = pytest.mark.slow

CONFIG = {"Healthcheck": {"Test": ["CMD", "check"], "Timeout": 4_000_000_000}}
NOTHING = Image(digest="sha256:0", platform="linux/amd64", config={}, layers=())
WRITES = "1Read-only file system (1000:1000 755)\n0\n0\n"


@dataclass
class Fake:
    """A server in a thread that looks like a container; it notes what it is asked, in order."""

    port: int
    start: Start
    began: float
    ends: int | None = 0  # the status after SIGTERM
    ended: int | None = None
    asked: list[str] = field(default_factory=list)

    def connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
        if address != self.start.connect:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def execute(self, argv: tuple[str, ...], environment: Mapping[str, str], timeout: float) -> Outcome:
        self.asked.append(f"{argv[0]} {dict(environment)} {timeout:.0f}")
        return Outcome(argv=argv, status=0, output=WRITES if "-c" in argv else "", seconds=0.1)

    def signal(self, number: int, *, everyone: bool = False) -> None:
        self.asked.append(f"{signal.Signals(number).name}{' to all' if everyone else ''}")
        if number == signal.SIGTERM:
            self.ended = self.ends

    def processes(self) -> tuple[Process, ...]:
        return (Process(pid=1, uid=1000, gid=1000, argv=("/opt/python3", "main.py")),)

    def wait(self, timeout: float) -> int | None:
        return self.ended

    def health(self) -> str | None:
        return "healthy"

    def volume(self) -> Mapping[str, bytes]:
        self.asked.append("volume")
        return {"/data/rows.db": database("0002"), "/data/notes.txt": b""}

    def written(self) -> tuple[str, ...]:
        return ("/app/cache.txt",)

    def log(self) -> str:
        return "begins\n"


@contextmanager
def fake(start: Start, statuses: list[int]) -> Iterator[Fake]:
    """A container that answers with each of `statuses` in turn, and with the last one from then on."""
    import time

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
            body = f"{status} {self.path}".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if "Origin" in self.headers:
                self.send_header("Access-Control-Allow-Origin", self.headers["Origin"])
                self.send_header("Access-Control-Allow-Credentials", str("lading" in self.headers["Cookie"]).lower())
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Fake(port=server.server_port, start=start, began=time.monotonic())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def database(*revisions: str, table: str = "alembic_version", column: str = "version_num") -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE {table} ({column} TEXT)")
        connection.executemany(f"INSERT INTO {table} VALUES (?)", [(one,) for one in revisions])
        connection.commit()
        return connection.serialize()


def test_a_healthy_container_is_seen_from_its_start_to_its_end() -> None:
    start = Start(name="port", samples=3, stall=True, paths=("/docs",), refused=(("127.0.0.1", 9), ("127.0.0.2", 8000)))
    with fake(start, [200]) as container:
        run = probe.probe(container, PLAN, CONFIG)
    assert [(answer.path, answer.status, answer.body) for answer in run.answers] == [
        ("/health", 200, "200 /health"),
        ("/docs", 200, "200 /docs"),
    ]
    assert run.ready is not None
    assert run.ready < 2
    assert len(run.samples) == 3
    assert run.refused == (("127.0.0.1", 9), ("127.0.0.2", 8000))
    assert {folder: (one.status, one.output) for folder, one in run.writes.items()} == {
        "/app": (1, "Read-only file system (1000:1000 755)"),
        "/data": (0, ""),
        "/tmp": (0, ""),
    }
    assert container.asked == [
        "/opt/python3 {} 20",
        "check {} 4",
        "SIGSTOP to all",
        "check {'LADING_HEALTH_TIMEOUT': '1'} 4",
        "SIGCONT to all",
        "SIGTERM",
        "volume",
    ]
    assert (run.health, run.stalled) == (Outcome(argv=("check",), status=0, output="", seconds=0.1),) * 2
    assert replace(run, answers=(), samples=(), writes={}, ready=0, stop_seconds=0, health=None, stalled=None) == Run(
        start=start,
        ready=0,
        exited=None,
        answers=(),
        samples=(),
        refused=(("127.0.0.1", 9), ("127.0.0.2", 8000)),
        processes=container.processes(),
        health=None,
        engine_health="healthy",
        stalled=None,
        writes={},
        written=("/app/cache.txt",),
        volume=("/data/notes.txt", "/data/rows.db"),
        revisions={"/data/rows.db": ("0002",)},
        stopped=0,
        stop_seconds=0,
        log="begins\n",
    )


def test_what_answers_where_nobody_may_is_not_among_the_refused() -> None:
    start = Start(name="host", refused=(("127.0.0.1", 8000), ("127.0.0.1", 9)))
    with fake(start, [200]) as container:
        assert probe.probe(container, PLAN, CONFIG).refused == (("127.0.0.1", 9),)


@pytest.mark.parametrize(
    ("statuses", "first"), [([503, 503, 200], 200), ([404], 404)], ids=["starting", "no such route"]
)
def test_a_server_error_while_it_starts_is_not_yet_the_first_answer(statuses: list[int], first: int) -> None:
    with fake(Start(name="defaults"), statuses) as container:
        run = probe.probe(container, PLAN, CONFIG)
    assert [answer.status for answer in run.answers] == [first]


def test_a_container_that_stays_unwell_is_given_its_start_period() -> None:
    plan = replace(PLAN, health=Healthcheck(path="/health", start_period=1))
    with fake(Start(name="defaults"), [500]) as container:
        run = probe.probe(container, plan, CONFIG)
    assert [answer.status for answer in run.answers] == [500]
    assert run.ready is not None
    assert 1 < run.ready < 3


def test_a_container_that_ends_by_itself_is_not_waited_for() -> None:
    with fake(Start(name="defaults", connect=("127.0.0.3", 1)), [200]) as container:
        container.ended, container.start = 3, replace(container.start, connect=("127.0.0.1", 8000))
        container.port = 1  # where nobody listens
        run = probe.probe(container, PLAN, CONFIG)
    assert (run.ready, run.exited, run.stopped, run.answers, run.processes) == (None, 3, None, (), ())
    assert (run.log, run.volume) == ("begins\n", ("/data/notes.txt", "/data/rows.db"))
    assert container.asked == ["volume"]


def test_a_container_that_does_not_stop_is_killed() -> None:
    with fake(Start(name="defaults"), [200]) as container:
        container.ends = None
        run = probe.probe(container, PLAN, {})
    assert (run.exited, run.stopped, run.health) == (None, None, None)
    assert container.asked == ["/opt/python3 {} 20", "SIGTERM", "SIGKILL", "volume"]


def test_a_tmpfs_is_read_before_it_goes() -> None:
    with fake(Start(name="tmpfs", mount="tmpfs"), [200]) as container:
        probe.probe(container, PLAN, {})
    assert container.asked == ["/opt/python3 {} 20", "volume", "SIGTERM"]


@pytest.mark.parametrize(
    ("config", "argv"),
    [
        ({"Healthcheck": {"Test": ["CMD-SHELL", "curl -f http://localhost"]}}, ("/bin/sh", "-c")),
        ({"Healthcheck": {"Test": ["CMD-SHELL", "true"]}, "Shell": ["/bin/bash", "-ec"]}, ("/bin/bash", "-ec")),
        ({"Healthcheck": {"Test": ["NONE"]}}, None),
        ({"Healthcheck": None}, None),
    ],
    ids=["shell", "another shell", "none", "null"],
)
def test_a_health_check_is_run_in_the_form_that_the_image_gives(
    config: dict[str, object], argv: tuple[str, str] | None
) -> None:
    with fake(Start(name="defaults"), [200]) as container:
        run = probe.probe(container, PLAN, config)
    assert (run.health and run.health.argv[:2]) == argv


def test_a_request_that_is_in_flight_is_answered_after_the_signal_to_end() -> None:
    start = Start(name="bind", drain=Request(method="POST", path="/rows", body="two halves"))
    with fake(start, [200]) as container:
        run = probe.probe(container, PLAN, CONFIG)
    assert run.drained is not None
    assert (run.drained.status, run.drained.body, run.stopped) == (200, "200 /rows", 0)
    assert run.stop_seconds is not None
    assert run.stop_seconds >= 0.5


def test_the_images_own_command_is_started_a_second_time_where_that_is_asked_for() -> None:
    config = {**CONFIG, "Entrypoint": ["launcher"], "Cmd": ["serve"]}
    with fake(Start(name="bind", twice=True), [200]) as container:
        run = probe.probe(container, PLAN, config)
    assert run.second == Outcome(argv=("launcher", "serve"), status=0, output="", seconds=0.1)
    assert "launcher {} 45" in container.asked


def test_requests_are_put_once_what_runs_beside_has_settled_and_before_anything_is_timed() -> None:
    order: list[str] = []

    @contextmanager
    def quiet() -> Iterator[None]:
        order.append("timed")
        yield

    requests = (Request(path="/rows/{row}"), Request(path="/health", contains=("nothing",)), Request(path="/no"))
    with fake(Start(name="defaults", requests=requests, samples=2), [200]) as container:
        run = probe.probe(
            container, PLAN, CONFIG, kept={"row": "7"}, settled=lambda: order.append("settled"),
            started=lambda: order.append("started"), quiet=quiet,
        )  # fmt: skip
    assert order == ["started", "settled", "timed"]
    assert [reply.answer.body for reply in run.replies] == ["200 /rows/7", "200 /health"]


def test_a_page_of_another_origin_asks_with_a_cookie_and_what_it_is_allowed_is_kept() -> None:
    with fake(Start(name="host", origins=("https://one.example", "https://two.example")), [200]) as container:
        run = probe.probe(container, PLAN, CONFIG)
    assert [(origin, answer.path, dict(answer.allows)) for origin, answer in run.foreign] == [
        (one, "/health", {"access-control-allow-origin": one, "access-control-allow-credentials": "true"})
        for one in ("https://one.example", "https://two.example")
    ]
    assert run.answers[0].allows == {}


def test_before_it_is_told_to_end_somebody_may_have_its_workers_end_where_that_is_asked_for() -> None:
    wait = Request(path="/rows/7", until=1)
    start = Start(name="defaults", requests=(wait,), handover=(wait,))
    seen = Handover(held=1, sent=1)
    heard: list[tuple[list[str], bool]] = []

    def parting(replies: Sequence[Reply]) -> Handover:
        heard.append(([reply.answer.path for reply in replies], "SIGTERM" in container.asked))
        return seen

    with fake(start, [200]) as container:
        assert probe.probe(container, PLAN, CONFIG, parting=parting).handover == seen
    with fake(replace(start, handover=()), [200]) as container:
        assert probe.probe(container, PLAN, CONFIG, parting=parting).handover is None
    assert heard == [(["/rows/7"], False)]


def test_one_of_several_is_stopped_when_all_have_answered() -> None:
    order: list[str] = []
    with fake(Start(name="replica-1"), [200]) as container:
        run = probe.brief(container, PLAN, lambda: order.extend(container.asked or ["all there"]))
    assert (run.ready is not None, run.stopped, order) == (True, 0, ["all there"])
    assert container.asked == ["SIGTERM"]


def test_silence_is_an_answer_with_its_reason() -> None:
    with fake(Start(name="defaults"), [200]) as container:
        answer = probe.get(container, ("127.0.0.9", 1), "/health")
    assert replace(answer, seconds=0) == Answer(
        path="/health", status=None, body="", seconds=0, error="ConnectionRefusedError"
    )


# ── databases ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "revisions"),
    [
        (database("0002"), ("0002",)),
        (database("b", "a"), ("a", "b")),
        (database()[:18] + b"\2\2" + database("a")[20:], ("a",)),
        (database("a")[:100] + b"\xff" * 5000, ()),
        (sqlite.MAGIC, ()),
        (b"no database", ()),
        (b"", ()),
    ],
    ids=["one", "two heads", "with a write-ahead log", "damaged", "cut off", "text", "empty"],
)
def test_the_revisions_of_a_database(data: bytes, revisions: tuple[str, ...]) -> None:
    assert sqlite.revisions(data) == revisions


@pytest.mark.parametrize(
    ("tool", "table", "column"),
    [("alembic", "_mine", "version_num"), ("alembic", "shop._mine", "version_num"), ("aerich", "aerich", "version")],
)
def test_what_was_applied_is_where_the_migrations_keep_it(
    tool: Literal["alembic", "aerich"], table: str, column: str
) -> None:
    migrations = Migrations(tool=tool, config="x", folder="x", heads=(), table=table)
    held = database("0_a.py", table=table.rpartition(".")[2], column=column)
    assert (sqlite.revisions(held, migrations), sqlite.revisions(held)) == (("0_a.py",), ())


# ── what the parts are made of ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("user", "identity"),
    [
        ("", (0, 0, "/root")),
        ("1000", (1000, 1001, "/home/app")),
        ("1000:5", (1000, 5, "/home/app")),
        ("app", (1000, 1001, "/home/app")),
        ("app:staff", (1000, 50, "/home/app")),
        ("4711", (4711, 0, "/")),
    ],
)
def test_the_user_is_the_one_of_the_images_own_passwd(
    tmp_path: Path, user: str, identity: tuple[int, int, str]
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nbroken\napp:x:1000:1001::/home/app:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\nstaff:x:50:\n")
    found = entry.read({"User": user, "Cmd": ["serve"]}, str(tmp_path), {})
    assert (found.uid, found.gid, found.environment["HOME"]) == identity


def test_the_images_environment_wins_over_the_engines_and_the_starts_over_both(tmp_path: Path) -> None:
    config = {"Entrypoint": ["run"], "Cmd": ["serve"], "Env": ["HOME=/h", "A=1=2", "B=3"], "WorkingDir": "/app"}
    assert entry.read(config, str(tmp_path), {"B": "4"}) == entry.Entry(
        argv=("run", "serve"),
        environment={
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOSTNAME": "lading",
            "HOME": "/h",
            "A": "1=2",
            "B": "4",
        },
        folder="/app",
        uid=0,
        gid=0,
    )


@pytest.mark.parametrize("config", [{"User": "ghost", "Cmd": ["x"]}, {"User": "0:ghosts", "Cmd": ["x"]}, {"Cmd": []}])
def test_what_no_engine_would_start_says_why(tmp_path: Path, config: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"ghost|neither"):
        entry.read(config, str(tmp_path), {})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/data", "data"),
        ("/link", "data"),
        ("/up/../../..", ""),
        ("/out/passwd", "etc/passwd"),
        ("/chain/x/./y", "data/x/y"),
    ],
)
def test_no_link_of_an_image_leads_out_of_it(tmp_path: Path, path: str, found: str) -> None:
    root = tmp_path / "root"
    (root / "data").mkdir(parents=True)
    for name, target in {"link": "/data", "up": "../../..", "out": "/../../etc", "chain": "link/../link"}.items():
        (root / name).symlink_to(target)
    assert tree.inside(str(root), path) == str(root / found).rstrip("/")


def test_links_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        tree.inside(str(tmp_path), "/a")


def test_a_copied_tree_is_the_same_and_what_changes_in_it_is_found(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "app/data").mkdir(parents=True)
    (source / "app/main.py").write_text("one")
    (source / "app/old.py").write_text("old")
    (source / "app/link").symlink_to("main.py")
    (source / "app/data").chmod(0o777)
    tree.copy(str(source), str(target), owners=False)
    assert {path: about[:3] for path, about in tree.snapshot(str(target)).items()} == {
        path: about[:3] for path, about in tree.snapshot(str(source)).items()
    }
    assert (target / "app/data").stat().st_mode == (source / "app/data").stat().st_mode
    before = tree.snapshot(str(target))
    (target / "app/main.py").write_text("two")
    (target / "app/new").touch()
    (target / "app/old.py").unlink()
    (target / "app/data/rows.db").touch()
    changed = tree.changed(before, tree.snapshot(str(target)), apart=("/app/data",))
    assert changed == ("/app/main.py", "/app/new")
    assert (source / "app/main.py").read_text() == "one"


@pytest.mark.parametrize("size", [3, 200_000])
def test_messages_and_files_arrive_whole(size: int) -> None:
    ours, theirs = wire.pair()
    with ours, theirs, open(os.devnull, "rb") as file:
        wire.send(ours, {"text": "x" * size}, [file.fileno()])
        message, (received,) = wire.receive(theirs)
        assert os.path.sameopenfile(received, file.fileno())
        os.close(received)
        ours.close()
        with pytest.raises(EOFError):
            wire.receive(theirs)
    assert message == {"text": "x" * size}


def test_the_descendants_of_a_process_are_found_with_who_they_are() -> None:
    reader, writer = os.pipe()
    pid = beside.start(("sh", "-c", "cat; true"), {0: reader})
    os.close(reader)
    try:
        found, described = [pid], list[tuple[int, int, int, list[str]]]()
        while described[1:] == [] or described[1][3] != ["cat"]:  # a fork is its parent's double at first
            found = [pid, *procfs.descendants(pid)]
            described = list(procfs.describe(found))
        assert pid in procfs.descendants(os.getpid())
    finally:
        os.close(writer)
        beside.end(pid, 5)
    who = (os.getuid(), os.getgid())
    assert described == [(pid, *who, ["sh", "-c", "cat; true"]), (found[1], *who, ["cat"])]
    assert list(procfs.describe(found)) == []


def test_a_folder_whose_owner_was_killed_is_swept_and_one_in_use_is_not(tmp_path: Path) -> None:
    swept: list[str] = []
    left = tmp_path / "observe/kind-left"
    left.mkdir(parents=True)
    (left / "file").touch()
    one, other = (scratch.folder(tmp_path, "kind", lambda path: swept.append(path.name)) for _ in range(2))
    with one as first, other as second:
        assert sorted((tmp_path / "observe").iterdir()) == sorted((first, second))
    assert swept == ["kind-left", second.name, first.name]
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_there_is_not_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no engine `rocket`"):
        observe(PLAN, NOTHING, engine="rocket", cache=tmp_path, progress=lambda _: None)


def test_where_no_engine_can_run_an_observation_says_why_and_a_named_one_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("lading.observe.client.USUAL", str(tmp_path))
    monkeypatch.setattr("sys.platform", "darwin")
    observation = observe(PLAN, NOTHING, engine="auto", cache=tmp_path, progress=lambda _: None)
    assert (observation.engine, observation.runs) == ("none", {})
    assert observation.limits == (
        "not run: only Linux has namespaces",
        "not run: Docker is not installed",
        "not run: podman is not installed",
        "not run: a chroot needs root",
    )
    with pytest.raises(Outside, match="Docker is not installed"):
        observe(PLAN, NOTHING, engine="docker", cache=tmp_path, progress=lambda _: None)
