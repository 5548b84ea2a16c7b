"""Who may do what in a server of MongoDB's wire protocol, and the conversation that proves who somebody is.

SCRAM-SHA-256 as RFC 5802 and RFC 7677 have it, within the commands that MongoDB's drivers put it into.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from pathlib import Path

ROUNDS = 15000

#: What MongoDB 7 does for whoever is nobody, of what drivers and the shell ask.
FOR_ALL = {
    "hello", "ismaster", "ping", "buildinfo", "saslstart", "saslcontinue", "logout", "whatsmyuri", "connectionstatus",
    "endsessions",
}  # fmt: skip

REFUSED = {"ok": 0.0, "errmsg": "Authentication failed.", "code": 18, "codeName": "AuthenticationFailed"}


class Access:
    """The users that a file holds, and what each connection has said so far."""

    def __init__(self, users: Path, *, asks: bool) -> None:
        self.path, self.asks = users, asks
        self.users = json.loads(users.read_text()) if users.exists() else {}
        self.known: dict[str, str] = {}  # connection → user
        self.talks: dict[str, tuple[str, str]] = {}  # connection → user, and what was said
        self.lock = threading.Lock()

    def answer(self, connection: str, command: dict) -> dict | None:
        """What is to be answered; None where the command is one for the server behind."""
        name = next(iter(command))
        with self.lock:
            match name.lower():
                case "saslstart":
                    return self._start(connection, command)
                case "saslcontinue":
                    return self._continue(connection, command)
                case "logout":
                    self.known.pop(connection, None)
                    return {"ok": 1.0}
            if self.asks and connection not in self.known and name.lower() not in FOR_ALL:
                said = f"Command {name} requires authentication"
                return {"ok": 0.0, "errmsg": said, "code": 13, "codeName": "Unauthorized"}
            match name.lower():
                case "createuser":
                    return self._create(command)
                case "connectionstatus":
                    users = [{"user": self.known[connection], "db": "admin"}] if connection in self.known else []
                    return {"authInfo": {"authenticatedUsers": users, "authenticatedUserRoles": []}, "ok": 1.0}
        return None

    def hello(self, command: dict) -> dict:
        """What the answer to a greeting says beside the server's own facts."""
        database, _, user = str(command.get("saslSupportedMechs", "")).partition(".")
        return {"saslSupportedMechs": ["SCRAM-SHA-256"]} if f"{database}.{user}" in self.users else {}

    def forget(self, connection: str) -> None:
        """A connection has ended."""
        with self.lock:
            self.known.pop(connection, None)
            self.talks.pop(connection, None)

    def _create(self, command: dict) -> dict:
        user = f"{command['$db']}.{command['createUser']}"
        if user in self.users:
            said = f'User "{command["createUser"]}@{command["$db"]}" already exists'
            return {"ok": 0.0, "errmsg": said, "code": 51003, "codeName": "Location51003"}
        salt = secrets.token_bytes(28)
        salted = hashlib.pbkdf2_hmac("sha256", command["pwd"].encode(), salt, ROUNDS)
        stored = hashlib.sha256(_mac(salted, "Client Key")).digest()
        self.users[user] = {"salt": _text(salt), "stored": _text(stored), "server": _text(_mac(salted, "Server Key"))}
        self.path.write_text(json.dumps(self.users))
        return {"ok": 1.0}

    def _start(self, connection: str, command: dict) -> dict:
        if command.get("mechanism") != "SCRAM-SHA-256":
            return {"ok": 0.0, "errmsg": "no such mechanism", "code": 334, "codeName": "MechanismUnavailable"}
        bare = bytes(command["payload"]).decode().removeprefix("n,,")
        said = dict(part.split("=", 1) for part in bare.split(","))
        user = f"{command['$db']}.{said['n'].replace('=2C', ',').replace('=3D', '=')}"
        if user not in self.users:
            return REFUSED
        first = f"r={said['r']}{secrets.token_urlsafe(18)},s={self.users[user]['salt']},i={ROUNDS}"
        self.talks[connection] = user, f"{bare},{first}"
        return {"conversationId": 1, "done": False, "payload": first.encode(), "ok": 1.0}

    def _continue(self, connection: str, command: dict) -> dict:
        payload = bytes(command["payload"]).decode()
        if not payload and connection in self.known:  # of a client that does not skip the empty exchange
            return {"conversationId": 1, "done": True, "payload": b"", "ok": 1.0}
        if connection not in self.talks:
            return REFUSED
        user, talk = self.talks.pop(connection)
        held = {name: base64.b64decode(value) for name, value in self.users[user].items()}
        final, _, proof = payload.rpartition(",p=")
        nonce = next(part for part in talk.split(",s=")[0].split(",")[::-1] if part.startswith("r="))
        signature = _mac(held["stored"], f"{talk},{final}")
        key = bytes(one ^ other for one, other in zip(base64.b64decode(proof), signature, strict=True))
        if final != f"c=biws,{nonce}" or not hmac.compare_digest(hashlib.sha256(key).digest(), held["stored"]):
            return REFUSED
        self.known[connection] = user.partition(".")[2]
        verified = f"v={_text(_mac(held['server'], f'{talk},{final}'))}".encode()
        return {"conversationId": 1, "done": True, "payload": verified, "ok": 1.0}


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
