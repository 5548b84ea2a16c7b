"""The servers that `.ci/servers` starts on this machine, on loopback alone: one URL each. The script reads them here.

The user may make databases, users and virtual hosts; PostgreSQL takes 400 connections.
"""

NAME = "lading"  # user, database and virtual host
PASSWORD = "for-tests"
POSTGRESQL = f"postgresql://{NAME}:{PASSWORD}@127.0.0.1:5432/{NAME}"
MARIADB = f"mysql://{NAME}:{PASSWORD}@127.0.0.1:3306/{NAME}"
REDIS = f"redis://:{PASSWORD}@127.0.0.1:6379/0"
RABBITMQ = f"amqp://{NAME}:{PASSWORD}@127.0.0.1:5672/{NAME}"
