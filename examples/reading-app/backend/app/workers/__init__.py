"""What is done beside the service, by `dramatiq app.workers.tasks`."""
