"""The actors. Each may be given the same message again, since RabbitMQ drops one only when an actor has returned."""

import time
from typing import Any

import dramatiq
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from app.config import settings
from app.database import new_session
from app.models import Document, Statistics, Status
from app.progress import DONE, Progress, report
from app.statistics import count
from app.workers.broker import broker


@dramatiq.actor(broker=broker, queue_name=settings.queue, max_retries=4, on_retry_exhausted="give_up")
def analyse(text_id: int) -> None:
    """Count what is in a text, and tell how far it is."""
    with new_session() as session:
        text = session.get(Document, text_id)
        if text is None:
            return  # deleted before its turn came
        if text.statistics is not None:
            report(text_id, DONE)  # a worker that came this far may have died before it said so
            return
        body = text.body
    # No connection is held while the processor works.
    report(text_id, Progress(status=Status.RUNNING))
    found: dict[str, Any] = {}
    for number, (step, columns) in enumerate(count(body, settings.words_per_minute), start=1):
        found |= columns
        report(text_id, Progress(status=Status.RUNNING, step=step, done=number))
        time.sleep(settings.step_seconds)
    with new_session.begin() as session:
        # Locked, and so still there: a text that was deleted meanwhile gets no statistics.
        text = session.get(Document, text_id, with_for_update={"of": Document})
        if text is None:
            return
        session.execute(insert(Statistics).values(text_id=text_id, **found).on_conflict_do_nothing())
        text.status = Status.DONE
    report(text_id, DONE)


@dramatiq.actor(broker=broker, queue_name=settings.queue)
def give_up(message: dict[str, Any], retries: dict[str, Any]) -> None:
    """Say that a text could not be analysed, when the last retry has failed."""
    [text_id] = message["args"]
    with new_session.begin() as session:
        session.execute(update(Document).where(Document.id == text_id).values(status=Status.FAILED))
    report(text_id, Progress(status=Status.FAILED))
