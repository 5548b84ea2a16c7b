import dramatiq


@dramatiq.actor
def send():
    pass
