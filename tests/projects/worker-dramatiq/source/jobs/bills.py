import dramatiq


@dramatiq.actor
def bill(): ...
