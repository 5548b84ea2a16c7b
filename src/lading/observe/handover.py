"""Work for workers that stand still, are then told to end and are replaced → what became of each message.

What is in hand at a signal cannot be seen from outside. So workers get no time to do what is sent until there is enough
of it; and as they end, more is sent, as in a deployment, until they have ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from lading.checks import journey
from lading.checks.handover import refuses
from lading.model import Handover, Reply
from lading.observe import asking, scenarios
from lading.observe.container import Container
from lading.observe.programs import Beside

#: How many messages: at least, at most, and of how many seconds of one thread's work where that is between them.
_LEAST, _MOST, _WORK = 3, 200, 10.0

#: Seconds: that are spent on sending, each time, and between two looks at what is not yet done, at first and at most.
_SENDING, _SOON, _POLL = 3.0, 0.2, 2.0

#: What is answered, or not, by a server that says nothing of other messages either, for a while.
_BUSY = {None, 429, 503}

Held = Mapping[str, str]  # what requests have kept: by it a message is known
Left = list[tuple[Held, Reply]]  # messages, each with what was answered last


def through(
    server: Container, replies: Sequence[Reply], uploads: Mapping[str, bytes], beside: Beside, numbers: asking.Numbers
) -> Handover | None:
    """Give the workers of `beside` work by what the server's start says, end them in the midst of it, start others.

    `replies` are those to the start's requests, `numbers` those of its volume. None where no worker is there, or the
    request that waits for one was not answered as wanted.
    """
    last = server.start.handover[-1]
    place = server.start.requests.index(last)
    if len(replies) <= place or journey.wrong(replies[place]) or not beside.workers():
        return None
    kept = {name: value for one in replies[:place] for name, value in one.kept.items()}
    count = max(_LEAST, min(_MOST, int(_WORK / max(replies[place].waited, 0.001))))
    messages, sent = _sent(server, uploads, kept, numbers), list[Held]()
    with beside.still():
        limit = time.monotonic() + _SENDING
        refused = _send(messages, sent, count, lambda: len(sent) >= _LEAST and time.monotonic() > limit)
        early = bool(sent) and not _left(server, uploads, sent[-1:])
    if not sent:
        return Handover(held=0, sent=0, refused=refused)
    held = len(sent)
    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(beside.end, "worker")
        refused = refused or _send(messages, sent, held, ending.done, _SENDING / held)
        ending.result()
    # Who has done what is known before there are others.
    left = _waited(server, uploads, _left(server, uploads, sent), refuses)
    done = len(sent) - len(left)
    if left:
        beside.follow()
        left = _waited(server, uploads, left, lambda _: True)
    lost = tuple(reply for _, reply in left)
    return Handover(held=held, sent=len(sent), refused=refused, early=early, done=done, lost=lost)


def _send(
    messages: Iterator[Held | Reply], sent: list[Held], count: int, over: Callable[[], bool], pause: float = 0.0
) -> Reply | None:
    """Take `count` more of `messages` into `sent`, if it is not `over` before; the answer after which none can come."""
    for _ in range(count):
        match next(messages):
            case Reply() as refused:
                return refused
            case one:
                sent.append(one)
        if over():
            break
        time.sleep(pause)
    return None


def _sent(
    server: Container, uploads: Mapping[str, bytes], held: Held, numbers: asking.Numbers
) -> Iterator[Held | Reply]:
    """What each message is known by, once it is sent, without end; or, as the last, the answer that ended it."""
    *steps, last = server.start.handover
    names = [name for one in steps for name in one.keep if scenarios.about(last, name)]
    known = [[held.get(name) for name in names]]
    while True:
        own = {asking.NUMBER: numbers.fresh(), **held}  # unless the project keeps one of its own
        for step in steps:
            reply = asking.once(server, step, uploads, own)
            if not journey.wrong(reply) and step is steps[-1]:
                again = [{**own, **reply.kept}.get(name) for name in names] in known
                reply = replace(reply, wrong="the message was there before") if again else reply
            if journey.wrong(reply):
                yield reply
                return
            own |= reply.kept
        known.append([own.get(name) for name in names])
        yield own


def _left(server: Container, uploads: Mapping[str, bytes], sent: Sequence[Held]) -> Left:
    """Those of `sent` that are not known to be done now, each with what was answered; what to ask for next is first.

    A server that is asked too much is asked no more: that is then its answer for all that were still to come.
    """
    left: Left = []
    for place, held in enumerate(sent, 1):
        reply = asking.once(server, server.start.handover[-1], uploads, held)
        if journey.wrong(reply):
            left.append((held, reply))
            if reply.answer.status in _BUSY:
                return [*((one, reply) for one in sent[place:]), *left]
    return left


def _waited(server: Container, uploads: Mapping[str, bytes], left: Left, again: Callable[[Reply], bool]) -> Left:
    """The same, of what was left, when nobody has an answer after which to ask `again`, or none has got another one.

    That is for as long as the request says, counted from the last one that had.
    """
    patience = server.start.handover[-1].until
    limit, pause = time.monotonic() + patience, _SOON
    while (asked := [held for held, reply in left if again(reply)]) and (rest := limit - time.monotonic()) > 0:
        time.sleep(min(pause, rest))
        pause = min(2 * pause, _POLL)
        known = [(held, reply) for held, reply in left if not again(reply)]
        left = [*known, *_left(server, uploads, asked)]
        if sum(again(reply) for _, reply in left) < len(asked):
            limit = time.monotonic() + patience
    return left
