from huey import SqliteHuey

huey = SqliteHuey(filename="/data/jobs.db")
