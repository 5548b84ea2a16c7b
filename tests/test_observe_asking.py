"""A container that is a thread, and what is asked of it: the project's own requests, half of one, its metrics."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lading.model import Answer, Outcome, Process, Request, Scrape, Start
from lading.observe import asking, metrics, quiet, web
from lading.observe.container import Container

Answers = Callable[[str, str, Mapping[str, str], bytes], tuple[int, str]]


@dataclass
class Thread:
    """What of a container is asked over HTTP; the rest is asked of nobody here."""

    port: int
    start: Start = field(default_factory=lambda: Start(name="defaults", connect=("127.0.0.1", 8000)))
    began: float = 0.0

    def connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
        assert address == self.start.connect
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def execute(self, argv: tuple[str, ...], environment: Mapping[str, str], timeout: float) -> Outcome:
        raise NotImplementedError

    def signal(self, number: int, *, everyone: bool = False) -> None:
        raise NotImplementedError

    def processes(self) -> tuple[Process, ...]:
        raise NotImplementedError

    def wait(self, timeout: float) -> int | None:
        raise NotImplementedError

    def health(self) -> str | None:
        raise NotImplementedError

    def volume(self) -> Mapping[str, bytes]:
        raise NotImplementedError

    def written(self) -> tuple[str, ...]:
        raise NotImplementedError

    def log(self) -> str:
        raise NotImplementedError


@contextmanager
def serving(answers: Answers, **asked: Any) -> Iterator[Container]:
    """A server that gives `answers`, as a container whose start has the fields `asked`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said = answers(self.command, self.path, dict(self.headers), body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(said.encode())

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Thread(port=server.server_port, start=Start(name="defaults", connect=("127.0.0.1", 8000), **asked))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


ADD = Request(method="POST", path="/rows", body='{"of": "{who}"}', status=201, keep={"row": "items.0.id", "all": ""})
READ = Request(path="/rows/{row}", headers={"X-Row": "{row}"}, contains=("row {row}",))


def test_what_an_answer_gives_is_put_into_the_next_requests() -> None:
    heard: list[tuple[str, str, str | None, bytes]] = []

    def answers(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        heard.append((method, path, headers.get("X-Row"), body))
        return (201, '{"items": [{"id": 7}]}') if method == "POST" else (200, "this is row 7")

    with serving(answers) as container:
        replies = tuple(asking.ask(container, (ADD, READ), {}, {"who": "me"}))
    assert heard == [("POST", "/rows", None, b'{"of": "me"}'), ("GET", "/rows/7", "7", b"")]
    assert [(one.answer.status, one.wrong, dict(one.kept)) for one in replies] == [
        (201, "", {"row": "7", "all": '{"items": [{"id": 7}]}'}),
        (200, "", {}),
    ]
    assert replies[1].request.contains == ("row 7",)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [('{"items": []}', "it has no `items.0.id` to keep"), ("no JSON", "it has no `items.0.id` to keep")],
)
def test_what_cannot_be_kept_ends_the_journey(body: str, wrong: str) -> None:
    with serving(lambda *_: (201, body)) as container:
        (reply,) = asking.ask(container, (ADD, READ), {}, {})
    assert reply.wrong == wrong


def test_nothing_is_asked_after_an_answer_that_is_not_the_wanted_one() -> None:
    with serving(lambda *_: (500, "oh")) as container:
        (reply,) = asking.ask(container, (ADD, READ), {}, {})
    assert (reply.answer.status, reply.answer.body) == (500, "oh")


def test_a_request_is_asked_again_until_it_is_answered_so() -> None:
    count: list[int] = []

    def later(*_: object) -> tuple[int, str]:
        count.append(1)
        return 200, "done" if len(count) == 3 else "waiting"

    patient = Request(path="/", contains=("done",), until=5)
    with serving(later) as container:
        (reply,) = asking.ask(container, (patient,), {}, {})
    assert (reply.answer.body, len(count)) == ("done", 3)
    assert 0.05 < reply.waited < 2


def test_once_is_once_whatever_a_request_says() -> None:
    count: list[str] = []

    def busy(_method: str, path: str, *_: object) -> tuple[int, str]:
        count.append(path)
        return 200, "waiting"

    with serving(busy) as container:
        patient = Request(path="/{row}/{number}", contains=("done",), until=5, times=3)
        reply = asking.once(container, patient, {}, {"row": "7", asking.NUMBER: "2"})
        list(asking.ask(container, (Request(path="/{row}/{number}"),), {}, {"row": "7"}))
    assert (reply.answer.body, count) == ("waiting", ["/7/2", "/7/0"])


def test_of_a_request_that_is_asked_several_times_the_last_answer_counts() -> None:
    count: list[int] = []

    def limited(*_: object) -> tuple[int, str]:
        count.append(1)
        return (429, "") if len(count) > 3 else (200, "")

    with serving(limited) as container:
        (reply,) = asking.ask(container, (Request(path="/", times=4, status=429),), {}, {})
    assert (reply.answer.status, len(count)) == (429, 4)


@contextmanager
def hearing(heard: list[str], reuse: str | None = None) -> Iterator[Container]:
    """A server that says which paths it was asked for."""

    def answers(_method: str, path: str, *_: object) -> tuple[int, str]:
        heard.append(path)
        return 200, '{"number": "mine"}'

    with serving(answers, reuse=reuse) as container:
        yield container


def test_a_number_is_another_one_each_time_and_what_follows_has_the_same() -> None:
    heard: list[str] = []
    numbers = asking.Numbers()
    sent, asked = Request(method="POST", path="/new/{number}"), Request(path="/of/{number}")
    other = Request(path="/other", times=2)
    with hearing(heard) as container:
        list(asking.ask(container, (sent, asked, replace(sent, times=3), other, asked), {}, {}, numbers))
    assert heard == ["/new/0", "/of/0", "/new/0", "/new/1", "/new/2", "/other", "/other", "/of/2"]
    heard.clear()
    numbers.fresh()
    # In the next container: what it was told is there, and nothing is sent twice in the same words.
    with hearing(heard, "defaults") as container:
        requests = (asked, replace(other, method="POST"), sent, asked, replace(sent, times=2))
        list(asking.ask(container, requests, {}, {}, numbers))
    assert heard == ["/of/2", "/other", "/other", "/new/4", "/of/4", "/new/5", "/new/6"]


def test_a_number_that_is_kept_is_the_one_of_the_project() -> None:
    heard: list[str] = []
    sent = Request(method="POST", path="/new/{number}", times=2)
    with hearing(heard) as container:
        list(asking.ask(container, (replace(sent, keep={"number": "number"}), sent), {}, {}))
        list(asking.ask(container, (sent,), {}, {"number": "7"}))
    assert heard == ["/new/0", "/new/1", "/new/mine", "/new/mine", "/new/7", "/new/7"]


def test_a_file_is_sent_as_a_form() -> None:
    heard: list[tuple[str, bytes]] = []

    def answers(_method: str, _path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        heard.append((headers["Content-Type"], body))
        return 200, ""

    upload = Request(method="POST", path="/", file="tests/clip.mp4", form={"camera": "{name}"})
    with serving(answers) as container:
        list(asking.ask(container, (upload,), {"tests/clip.mp4": b"\0\xff"}, {"name": "door"}))
    assert heard == [
        (
            "multipart/form-data; boundary=lading-0123456789abcdef",
            b'--lading-0123456789abcdef\r\nContent-Disposition: form-data; name="camera"\r\n\r\ndoor\r\n'
            b'--lading-0123456789abcdef\r\nContent-Disposition: form-data; name="file"; filename="clip.mp4"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n\0\xff\r\n--lading-0123456789abcdef--\r\n",
        )
    ]


def test_half_of_a_request_is_in_flight_until_the_rest_is_sent() -> None:
    heard: list[bytes] = []
    paths: list[str] = []

    def answers(_method: str, path: str, _headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        paths.append(path)
        heard.append(body)
        return 201, json.dumps({"size": len(body)})

    numbers = asking.Numbers()
    assert numbers.fresh() == "1"
    with serving(answers) as container:
        rest = asking.half(container, Request(method="POST", path="/rows/{number}", body="x" * 1000), {}, numbers)
        time.sleep(0.1)
        assert heard == []
        answer = rest(5)
    assert (answer.status, answer.body, heard) == (201, '{"size": 1000}', [b"x" * 1000])
    assert paths == ["/rows/2"]


def test_a_server_that_hangs_up_on_it_gave_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        rest = web.half(Thread(port=server.getsockname()[1]), "/", method="POST", headers={}, body=b"ab")
        server.accept()[0].close()
        time.sleep(0.05)
        answer = rest(5)
    assert (answer.status, bool(answer.error)) == (None, True)
    gone = web.half(Thread(port=1), "/", method="POST", headers={}, body=b"ab")
    assert isinstance(gone(1), Answer)
    assert "refused" in gone(1).error


METRICS = """\
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{route="/",status="200"} 3.0
http_requests_total{route="/ a"} 4 1700000000
# TYPE http_requests_created gauge
http_requests_created{route="/"} 1.7e9
# TYPE seconds histogram
seconds_bucket{le="+Inf"} 5
seconds_count 5
seconds_sum 0.25
# TYPE tasks counter
tasks_total 2
nonsense {
tasks_total x
"""


def test_only_what_rises_is_read_of_metrics() -> None:
    assert dict(metrics.counters(METRICS)) == {
        'http_requests_total{route="/",status="200"}': 3,
        'http_requests_total{route="/ a"}': 4,
        'seconds_bucket{le="+Inf"}': 5,
        "seconds_count": 5,
        "tasks_total": 2,
    }


def test_metrics_are_read_several_times_and_several_at_once() -> None:
    count = iter(range(1000))
    text = "# TYPE tasks counter\ntasks_total {}\n"
    with serving(lambda *_: (200, text.format(next(count)))) as container:
        scrapes = metrics.scrape(container, "/metrics", 8)
    assert sorted(one.counters["tasks_total"] for one in scrapes) == list(range(8))
    assert max(one.ended for one in scrapes[:6]) < min(one.began for one in scrapes[6:])
    with serving(lambda *_: (500, text)) as container:
        (scrape,) = metrics.scrape(container, "/metrics", 1)
    assert (isinstance(scrape, Scrape), scrape.counters) == (True, {})


def test_while_somebody_times_nobody_starts() -> None:
    order: list[str] = []
    still = quiet.Quiet()
    still.begin()

    def timing() -> None:
        with still.hold():
            order.append("timed")
            time.sleep(0.1)
            order.append("over")

    def starting() -> None:
        still.begin()
        order.append("late")
        still.end()

    timed = threading.Thread(target=timing)
    timed.start()
    time.sleep(0.05)
    late = threading.Thread(target=starting)
    late.start()
    time.sleep(0.05)
    order.append("started")
    still.end()
    timed.join()
    late.join()
    assert order == ["started", "timed", "over", "late"]
