"""Passwords and API keys: neither is kept, only what recognises them."""

import hashlib
import hmac
import secrets

from fastapi.concurrency import run_in_threadpool
from pwdlib import PasswordHash

from app.config import settings

passwords = PasswordHash.recommended()

#: Checked when there is no such user, so that the time of the answer does not tell who is one.
nobody = passwords.hash(secrets.token_urlsafe())


async def hash_password(password: str) -> str:
    """A slow, salted hash; in a thread, since the event loop has others to serve."""
    return await run_in_threadpool(passwords.hash, password)


async def check_password(password: str, password_hash: str | None) -> bool:
    """Whether `password` is the one of the hash. It takes as long when there is no hash."""
    return await run_in_threadpool(passwords.verify, password, password_hash or nobody) and password_hash is not None


def new_key() -> str:
    """A key that nobody can guess. Its start tells people and scanners whose it is."""
    return f"todo_{secrets.token_urlsafe(32)}"


def hash_key(key: str) -> str:
    """A fast hash is enough for 256 random bits; SECRET_KEY makes a copy of the table useless without the service."""
    return hmac.new(settings.secret_key.get_secret_value().encode(), key.encode(), hashlib.sha256).hexdigest()
