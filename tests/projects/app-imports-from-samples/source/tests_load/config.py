import os

USERS = int(os.getenv("LOAD_TEST_USERS", "10"))
