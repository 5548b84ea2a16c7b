import os

TORTOISE_ORM = {
    "connections": {
        "default": {
            "engine": "tortoise.backends.asyncpg",
            "credentials": {"host": os.getenv("PGHOST", "db"), "user": "shop", "password": os.environ["PGPASSWORD"]},
        }
    },
    "apps": {"models": {"models": ["models"]}},
}
