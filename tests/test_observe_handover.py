"""Messages for workers that end in the midst of them, all in this process: what is sent, and what became of it."""

import itertools
import json
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from test_observe_asking import serving
from test_observe_programs import Fake

from lading.model import Answer, Handover, Reply, Request, Start
from lading.observe import handover, programs
from lading.observe.asking import Numbers
from lading.observe.container import Container, Host

pytestmark = pytest.mark.slow

SEND = Request(method="POST", path="/texts", body='{"of": "{who}", "n": {number}}', status=201, keep={"text": "id"})
WAIT = Request(path="/texts/{text}", contains=("done",), until=1)


@dataclass
class Queue:
    """A server that takes messages, and what its workers have done of them."""

    status: int = 201
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    waiting: list[int] = field(default_factory=list)
    done: set[int] = field(default_factory=set)
    bodies: list[Any] = field(default_factory=list)
    itself: bool = False  # whether the server does what it is told
    patience: int = 1000  # how many questions it answers in half a second
    refusal: int = 429
    asked: list[float] = field(default_factory=list)  # when

    def answer(self, method: str, path: str, _headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        if method == "POST":
            number = next(self.ids)
            self.bodies.append(json.loads(body))
            (self.done.add if self.itself else self.waiting.append)(number)
            return self.status, json.dumps({"id": number})
        now = time.monotonic()
        self.asked.append(now)
        if sum(now - one < 0.5 for one in self.asked) > self.patience:
            return self.refusal, ""
        return 200, "done" if int(path.rpartition("/")[2]) in self.done else "waiting"


@dataclass
class Worker(Fake):
    """It has `hands`: so many it takes when it goes on, and does them at SIGTERM but for those that it `drops`."""

    queue: Queue = field(default_factory=Queue)
    hands: int = 4
    drops: int = 0

    def signal(self, number: int, *, everyone: bool = False) -> None:
        super().signal(number, everyone=everyone)
        if number == signal.SIGTERM:
            taken, self.queue.waiting = self.queue.waiting[: self.hands], self.queue.waiting[self.hands :]
            self.queue.done.update(taken[self.drops :])


@dataclass
class Next(Fake):
    """One that does all there is, when it is asked whether it is well."""

    queue: Queue = field(default_factory=Queue)

    def execute(self, *given: Any) -> Any:
        self.queue.done.update(self.queue.waiting)
        self.queue.waiting.clear()
        return super().execute(*given)


def kept(waited: float = 1.0) -> tuple[Reply, ...]:
    """The first journey: what it kept, and how long the worker took."""
    answer = Answer(path="/", status=200, body="done", seconds=0.01)
    login = Reply(request=Request(path="/me"), answer=answer, kept={"who": "me"})
    sent = Reply(request=SEND, answer=replace(answer, status=201), kept={"text": "0"})
    return (login, sent, Reply(request=WAIT, answer=answer, waited=waited))


@contextmanager
def working(queue: Queue, *workers: Worker, **given: Any) -> Iterator[tuple[Container, programs.Beside]]:
    """A server of `queue` with `workers` beside it."""

    @contextmanager
    def start(one: Start) -> Iterator[Container]:
        yield Next(port=1, start=one, queue=queue)

    running: dict[str, Container] = {}
    for number, one in enumerate(workers):
        one.queue, one.start = queue, Start(name=f"worker-{number}", command=("worker", str(number)))
        running[one.start.name] = one
    asked = {"requests": (Request(path="/me"), SEND, WAIT), "handover": (SEND, WAIT), **given}
    with serving(queue.answer, **asked) as server, ExitStack() as stack:
        yield (
            server,
            programs.Beside(host=Host(name="", limits=(), at_once=2, start=start), stack=stack, running=running),
        )


def test_what_a_worker_has_not_done_when_it_ends_another_one_does() -> None:
    queue, worker = Queue(), Worker(port=1)
    with working(queue, worker) as (server, beside):
        seen = handover.through(server, kept(), {}, beside, Numbers())
    assert seen is not None
    # Of ten seconds' work ten are sent before the signal; and more until the worker has ended.
    assert (seen.held, seen.done, seen.lost, seen.refused, seen.early) == (10, 4, (), None, False)
    assert 11 <= seen.sent <= 20
    assert worker.asked == ["healthcheck", "SIGSTOP", "SIGCONT", "SIGTERM"]
    assert list(beside.running) == ["worker-0-next"]
    # Each with what the first journey kept, and a number of its own, which nobody else had.
    assert queue.bodies == [{"of": "me", "n": number} for number in range(1, seen.sent + 1)]


def test_a_number_that_the_project_keeps_is_its_own() -> None:
    queue = Queue()
    login, *others = kept()
    with working(queue, Worker(port=1)) as (server, beside):
        handover.through(server, (replace(login, kept={"who": "me", "number": "7"}), *others), {}, beside, Numbers())
    assert queue.bodies[0] == {"of": "me", "n": 7}


def test_what_a_worker_loses_is_missed_when_nothing_more_is_done_in_the_time_that_its_request_has() -> None:
    with working(Queue(), Worker(port=1, hands=5, drops=2)) as (server, beside):
        seen = handover.through(server, kept(), {}, beside, Numbers())
    assert seen is not None
    assert (seen.done, [reply.answer.body for reply in seen.lost]) == (3, ["waiting", "waiting"])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_where_the_server_lets_nobody_ask_nothing_is_known(status: int) -> None:
    queue = Queue(patience=0, refusal=status)
    with working(queue, Worker(port=1)) as (server, beside):
        seen = handover.through(server, kept(), {}, beside, Numbers())
    assert seen is not None
    assert (seen.done, len(seen.lost)) == (0, seen.sent)
    assert {reply.answer.status for reply in seen.lost} == {status}
    # One question stands for all where more would be refused as well, and the pauses grow.
    assert len(queue.asked) < 15 or status == 500


def test_a_server_that_is_asked_too_much_is_asked_again_when_it_may_be() -> None:
    queue = Queue(patience=4)
    with working(queue, Worker(port=1, hands=5)) as (server, beside):
        seen = handover.through(server, kept(2.0), {}, beside, Numbers())
    assert seen is not None
    assert (seen.held, seen.done, seen.lost) == (5, 5, ())


def test_several_workers_are_all_told() -> None:
    first, second = Worker(port=1, hands=3), Worker(port=1, hands=4)
    with working(Queue(), first, second) as (server, beside):
        seen = handover.through(server, kept(), {}, beside, Numbers())
    assert seen is not None
    assert (seen.done, seen.lost, list(beside.runs)) == (7, (), ["worker-0", "worker-1"])
    assert first.asked == second.asked == ["healthcheck", "SIGSTOP", "SIGCONT", "SIGTERM"]


def test_where_nothing_is_left_no_other_is_started() -> None:
    queue = Queue(ids=itertools.chain((1, 2), itertools.repeat(2)))
    with working(queue, Worker(port=1)) as (server, beside):
        seen = handover.through(server, kept(), {}, beside, Numbers())
    assert seen is not None
    assert (seen.sent, seen.done, beside.running) == (2, 2, {})


@pytest.mark.parametrize(("waited", "held"), [(30.0, 3), (0.5, 20), (0.0, 200)])
def test_the_slower_a_message_the_fewer_are_sent(waited: float, held: int) -> None:
    with working(Queue(), Worker(port=1)) as (server, beside):
        seen = handover.through(server, kept(waited), {}, beside, Numbers())
    assert seen is not None
    assert (seen.held, seen.lost) == (held, ())


@pytest.mark.parametrize(
    ("queue", "said"),
    [(Queue(status=409), ""), (Queue(ids=itertools.repeat(0)), "the message was there before")],
    ids=["refused", "the same again"],
)
def test_where_nothing_can_be_sent_again_no_worker_is_told_to_end(queue: Queue, said: str) -> None:
    worker = Worker(port=1)
    with working(queue, worker) as (server, beside):
        seen = handover.through(server, kept(), {}, beside, Numbers())
    assert seen is not None
    assert seen.refused is not None
    assert (seen.sent, seen.refused.answer.status, seen.refused.wrong) == (0, queue.status, said)
    assert worker.asked == ["healthcheck", "SIGSTOP", "SIGCONT"]


def test_what_was_taken_before_the_server_refused_more_is_followed() -> None:
    queue = Queue(ids=itertools.chain((1, 2, 3, 4), itertools.repeat(4)))
    with working(queue, Worker(port=1, hands=1)) as (server, beside):
        seen = handover.through(server, kept(), {}, beside, Numbers())
    assert seen is not None
    assert (seen.held, seen.sent, seen.done, seen.lost) == (4, 4, 1, ())
    assert seen.refused is not None


def test_what_is_done_while_every_worker_stands_still_is_not_done_by_one() -> None:
    with working(Queue(itself=True), Worker(port=1)) as (server, beside):
        seen = handover.through(server, kept(), {}, beside, Numbers())
    assert seen is not None
    assert (seen.early, seen.lost) == (True, ())


def test_nothing_is_sent_without_a_worker_or_where_the_first_message_came_to_nothing() -> None:
    queue, worker = Queue(), Worker(port=1)
    found: list[Handover | None] = []
    with working(queue) as (server, beside):
        found.append(handover.through(server, kept(), {}, beside, Numbers()))
    with working(queue, worker) as (server, beside):
        login, sent, last = kept()
        found.append(handover.through(server, (login, sent), {}, beside, Numbers()))
        answer = replace(last.answer, body="waiting")
        found.append(handover.through(server, (login, sent, replace(last, answer=answer)), {}, beside, Numbers()))
    assert (found, queue.bodies, worker.asked) == ([None] * 3, [], [])
