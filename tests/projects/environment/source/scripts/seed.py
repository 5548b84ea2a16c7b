import os

ADMIN = os.environ["ADMIN_PASSWORD"]
