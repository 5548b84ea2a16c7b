"""A start → its runs, with an engine that is a list: what is made, in which order, and with which environment."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from test_observe_asking import serving
from test_observe_programs import Fake
from values import CREATE, IMAGE, MIGRATIONS, PLAN, READ, REPLIES, RUNS

from lading.errors import Outside
from lading.model import Backing, Database, Image, Plan, Program, Request, Run, Start
from lading.observe import attempts, scenarios
from lading.observe.container import Container, Host

ADDRESSES = {"DATABASE_URL": "postgresql://app@postgres/of-ours"}
POSTGRESQL = Backing(kind="postgresql", role="database", variable="DATABASE_URL", driver="psycopg")
STACK = replace(
    PLAN, database=Database(dialect="postgresql", variable="DATABASE_URL"), backing=(POSTGRESQL,), variables=()
)


@dataclass
class Services:
    """What is asked of the services, in order."""

    images: tuple[str, ...] = ("postgres:16",)
    asked: list[str] = field(default_factory=list)

    def environment(self, owner: str, *, switched: bool = False) -> dict[str, str]:
        self.asked.append(f"environment of {owner}{', switched' if switched else ''}")
        return ADDRESSES

    def revisions(self, owner: str) -> dict[str, tuple[str, ...]]:
        self.asked.append(f"revisions of {owner}")
        return {f"postgresql:{owner}": ("0002",)}

    def stamp(self, owner: str, revision: str) -> None:
        self.asked.append(f"stamp {owner} with {revision}")

    def masked(self, text: str) -> str:
        return text.replace("of-ours", "…")


@dataclass
class Engine:
    """What is started, in order; a start of this name ends at once with that status."""

    port: int
    ends: dict[str, int] = field(default_factory=dict)
    services: Services | None = field(default_factory=Services)
    made: list[Start] = field(default_factory=list)
    most: int = 0
    now: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def make(self, start: Start, plan: Plan = STACK, image: Image = IMAGE, **given: Any) -> dict[str, Run]:
        return dict(self.attempts(plan, image).make(start, given.get("earlier")))

    def attempts(self, plan: Plan = STACK, image: Image = IMAGE) -> attempts.Attempts:
        @contextmanager
        def started(start: Start) -> Iterator[Container]:
            with self.lock:
                self.made.append(start)
                self.now += 1
                self.most = max(self.most, self.now)
            status = self.ends.get(start.name)
            yield Fake(port=1 if status is not None else self.port, start=start, ended=status)
            with self.lock:
                self.now -= 1

        host = Host(name="unshare", limits=(), at_once=2, start=started, services=self.services)
        return attempts.Attempts(host=host, plan=plan, image=image, uploads={})


@pytest.fixture
def engine() -> Iterator[Engine]:
    with serving(lambda *_: (200, "{}")) as container:
        port = getattr(container, "port")  # noqa: B009 - what the others have not
        yield Engine(port=port)


def test_a_start_gets_the_addresses_of_the_services_and_what_they_hold_afterwards(engine: Engine) -> None:
    asked = Start(name="defaults", environment={"A": "b", "LADING_WAIT_SECONDS": "1"})
    (run,) = engine.make(asked).values()
    assert engine.made == [replace(asked, environment={"A": "b", **ADDRESSES})]
    assert run.revisions == {"postgresql:defaults": ("0002",)}
    assert engine.services is not None
    assert engine.services.asked == ["environment of defaults", "revisions of defaults"]


def test_a_start_that_reuses_a_volume_reuses_its_database_and_what_its_requests_kept(engine: Engine) -> None:
    earlier: Future[dict[str, Run]] = Future()
    earlier.set_result({"defaults": replace(RUNS["defaults"], replies=REPLIES)})
    asked = Start(name="port", reuse="defaults", requests=(replace(READ, contains=("{}",)),))
    (run,) = engine.make(asked, earlier=earlier).values()
    assert [reply.answer.path for reply in run.replies] == ["/tasks/1"]
    assert engine.services is not None
    assert engine.services.asked == ["environment of defaults", "revisions of defaults"]
    assert CREATE.keep


@pytest.mark.slow
def test_what_is_sent_to_a_volume_has_another_number_in_each_of_its_containers(engine: Engine) -> None:
    made = engine.attempts()
    sent = Request(method="POST", path="/rows/{number}")
    earlier: Future[Mapping[str, Run]] = Future()
    earlier.set_result(made.make(Start(name="defaults", requests=(sent,), drain=sent), None))
    (port,) = made.make(Start(name="port", reuse="defaults", requests=(sent,)), earlier).values()
    (bind,) = made.make(Start(name="bind", requests=(sent,), drain=sent), None).values()
    replies = (*earlier.result()["defaults"].replies, *port.replies, *bind.replies)
    # The second one of the first volume is the one in flight as its server ends.
    assert [reply.answer.path for reply in replies] == ["/rows/0", "/rows/2", "/rows/0"]


def test_programs_run_beside_the_start_that_names_them(engine: Engine) -> None:
    worker = Program(name="rq", kind="rq", role="worker", target="jobs")
    runs = engine.make(Start(name="defaults", beside=("rq",)), replace(STACK, programs=(worker,)))
    assert list(runs) == ["defaults", "worker-rq"]
    assert runs["worker-rq"].start.environment == ADDRESSES
    assert (runs["worker-rq"].ready is not None, runs["worker-rq"].stopped) == (True, 0)


def test_work_that_is_handed_over_is_seen_beside_the_workers_that_had_it(engine: Engine) -> None:
    worker = Program(name="rq", kind="rq", role="worker", target="jobs")
    send = Request(method="POST", path="/rows", body="{}", keep={"row": ""})
    wait = Request(path="/rows/{row}", until=1)
    start = Start(name="defaults", beside=("rq",), requests=(send, wait), handover=(send, wait))
    runs = engine.make(start, replace(STACK, programs=(worker,)))
    # The server here gives each message the same name.
    seen = runs["defaults"].handover
    assert seen is not None
    assert (seen.sent, seen.refused and seen.refused.wrong) == (0, "the message was there before")
    assert list(runs) == ["defaults", "worker-rq"]
    alone = engine.make(replace(start, beside=()), replace(STACK, programs=(worker,)))
    assert alone["defaults"].handover is None


def test_programs_do_not_run_where_their_services_or_the_launcher_are_not_there(engine: Engine) -> None:
    plan = replace(STACK, programs=(Program(name="rq", kind="rq", role="worker", target="jobs"),))
    asked = Start(name="defaults", beside=("rq",))
    other = replace(IMAGE, config={"config": {"Entrypoint": ["/run.sh"]}})
    assert list(engine.make(asked, plan, other)) == ["defaults"]
    engine.services = None
    assert list(engine.make(asked, plan)) == ["defaults"]


def test_another_database_needs_services(engine: Engine) -> None:
    engine.make(Start(name="postgresql"))
    assert engine.services is not None
    assert engine.services.asked[0] == "environment of postgresql, switched"
    engine.services = None
    with pytest.raises(Outside, match="unshare starts no services beside it"):
        engine.make(Start(name="postgresql"))


def test_a_server_is_told_of_a_revision_that_there_is_not(engine: Engine) -> None:
    engine.ends = {"newer": 1}
    newer = Start(name="newer", stamp="nowhere")
    (run,) = engine.make(newer).values()
    assert (run.ready, run.exited) == (None, 1)
    assert engine.services is not None
    assert engine.services.asked[:2] == ["environment of newer", "stamp newer with nowhere"]
    engine.services = None
    assert engine.make(newer) == {}


def test_a_file_is_written_by_the_image_itself_on_the_volume_that_is_then_reused(engine: Engine) -> None:
    engine.services, engine.ends = None, {"newer": 1, "newer-before": 0}
    newer = Start(name="newer", stamp="nowhere")
    (run,) = engine.make(newer, PLAN).values()
    assert [(start.name, start.reuse, start.command[:1]) for start in engine.made] == [
        ("newer-before", None, ("run",)),
        ("newer", "newer-before", ()),
    ]
    assert run.exited == 1
    engine.ends["newer-before"] = 1
    with pytest.raises(Outside, match="its database could not be prepared: works"):
        engine.make(newer, PLAN)


@pytest.mark.parametrize(
    ("plan", "image", "said"),
    [
        (PLAN, replace(IMAGE, config={"config": {}}), "the image's ENTRYPOINT is not the launcher"),
        (replace(PLAN, env={}, database=Database(dialect="sqlite", url="sqlite:///a.db")), IMAGE, "nothing says"),
    ],
    ids=["another image", "a relative path"],
)
def test_what_cannot_be_stamped_is_a_start_that_could_not_be_made(
    engine: Engine, plan: Plan, image: Image, said: str
) -> None:
    with pytest.raises(Outside, match=said):
        engine.make(Start(name="newer", stamp="nowhere"), plan, image)


def test_replicas_are_up_at_the_same_time_on_one_database(engine: Engine) -> None:
    plan = replace(STACK, migrations=MIGRATIONS)
    runs = engine.attempts(plan).replicas()
    assert list(runs) == [start.name for start in scenarios.replicas(plan)]
    assert engine.most == len(runs) == 4
    assert {tuple(run.revisions.items()) for run in runs.values()} == {(("postgresql:replicas", ("0002",)),)}
    assert {run.stopped for run in runs.values()} == {0}
    assert engine.services is not None
    assert set(engine.services.asked) == {"environment of replicas", "revisions of replicas"}
    engine.services = None
    assert engine.attempts(plan).replicas() == {}


def test_passwords_of_the_services_are_not_kept(engine: Engine) -> None:
    (run,) = engine.make(Start(name="defaults")).values()
    host = engine.attempts().host
    seen = attempts.masked(host, replace(run, log="at of-ours"))
    assert (seen.start.environment["DATABASE_URL"], seen.log) == ("postgresql://app@postgres/…", "at …")
