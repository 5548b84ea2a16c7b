"""Layers, configuration and history of an image → the secrets in them, each by its place, never by its value.

What a wheel from an index brings is public, so that under site-packages only a private key counts, and not one of a
test suite. In text, a value must be of a known form, or look random under a name that says what it is, not in a
docstring or a test: a warning that is wrong twice is not read the third time.
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from lading.checks.evidence import Check, Said, failed, passed
from lading.checks.forbidden import APP
from lading.checks.image import environment
from lading.model import Contents, File, Image

_CREDENTIALS = re.compile(
    r".*/(?:\.env(?:\..+)?|\.netrc|\.pypirc|\.git-credentials|\.npmrc|pip\.conf|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|\.docker/config\.json|\.aws/credentials)"
)
_KEY_FILES = (".key", ".pem", ".p8")
_TEXT = (".cfg", ".conf", ".env", ".ini", ".js", ".json", ".properties", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml")
_EXAMPLE = re.compile(r"\.(?:example|sample|template|dist)$")

_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\\n|\s)*[A-Za-z0-9+/=\\\s:,-]{64}")
_TOKENS = {
    "an AWS access key": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})"),
    "a GitLab token": re.compile(r"\bglpat-[\w-]{20}"),
    "a PyPI token": re.compile(r"\bpypi-AgE[\w-]{50,}"),
    "a Slack token": re.compile(r"\bxox[abprs]-[\w-]{20,}"),
    "a Google API key": re.compile(r"\bAIza[\w-]{35}\b"),
    "a Stripe key": re.compile(r"\b[rs]k_live_\w{20,}"),
    "an API key": re.compile(r"\bsk-[A-Za-z0-9_-]{32,}"),
}
# Bounded, and only from where a word begins: one line of minified text may have millions of characters.
_URL = re.compile(
    r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,30}://(?P<user>[^\s:/@'\"]{0,200}):(?P<password>[^\s/@'\"]{1,200})@(?P<host>[\w.-]*)"
)
_ASSIGNED = re.compile(
    r"""(?<![\w.-])(?P<name>[A-Za-z_][\w.-]{0,80})["']?\s{0,9}(?::\s{0,9}\w{1,40}\s{0,9})?[=:]\s{0,9}"""
    r"""(?P<quote>["']?)(?P<value>[^\s"'#]{1,500})(?P=quote)"""
)
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:api_?key|secret(?:_?key)?|(?:private|access|signing|encryption)_?key|passw(?:or)?d|pword|passphrase"
    r"|token|credentials?)$",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"[<{$%*]|^(?:user|pass|passwd|password|pw|postgres|mysql|root|admin|secret|token|test|guest|none|null|true|false)$"
    r"|change|example|placeholder|dummy|your|insert|replace|todo|xxx",
    re.IGNORECASE,
)

#: Whose code makes up what it needs.
_TEST = re.compile(r".*/(?:tests?|testing)/.*|.*/(?:conftest|test_\w*|\w*_test)\.py")
#: A word that a developer's own server has for a password, on the developer's own machine.
_LOCAL = frozenset({"localhost", "127.0.0.1"})
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_WORD = re.compile(r"[a-z]+[0-9]{0,4}")

#: In lower case: text without any of these holds no secret that we know, and to look for them is fast.
_SIGNS = (
    "key", "secret", "passw", "pword", "passphrase", "token", "credential", "akia", "ghp_", "gho_", "ghu_", "ghs_",
    "ghr_", "github_pat_", "glpat-", "pypi-age", "xox", "aiza", "k_live_", "sk-", "@",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Secret:
    """What kind of secret is where."""

    what: str
    line: int = 0  # 0 for a file that is one as a whole


def named(name: str) -> bool:
    """Whether a variable of that name holds a secret."""
    return _SECRET_NAME.search(name) is not None


def keep(path: str) -> bool:
    """Whether the bytes of the file at `path` are needed to look for secrets."""
    if "/site-packages/" in path or "/dist-packages/" in path:
        return path.endswith(_KEY_FILES)
    return (
        path.endswith(_KEY_FILES)
        or _CREDENTIALS.fullmatch(path) is not None
        or (path.startswith(APP + "/") and path.endswith(_TEXT))
    )


def no_secret_in_layers(contents: Contents, image: Image) -> Said:
    """No layer, variable or line of history holds a secret, also where a later layer deletes the file again.

    A deleted file stays in the layer that brought it, and an argument of a build stays in the history; whoever pulls
    the image has both. Looked for: .env files with values, private keys, credential files, tokens of known forms,
    random-looking values under a name such as `SECRET_KEY`, passwords in URLs; the last two not in tests, whose values
    are made up, nor in docstrings. Values are never shown. Source: CIS Docker Benchmark 4.10; Docker's "Build secrets";
    BuildKit's SecretsUsedInArgOrEnv.
    """
    hint = "give it to the container when it starts, and change it: whoever has the image has it"
    out = []
    for number, layer in enumerate(contents.layers, 1):
        for file in layer:
            for secret in found(file):
                gone = contents.files.get(file.path) is None
                again = ", deleted again by a later one" if gone else ""
                where = f"{file.path}:{secret.line}" if secret.line else file.path
                message = f"{secret.what} in layer {number} of {len(contents.layers)}{again}"
                out.append(failed(message, where=where, hint=_unread(file.path) + hint))
    for name, value in environment(image).items():
        if what := _variable(name, value):
            named = "" if name in what else f", in `{name}`"
            out.append(failed(f"{what} in the image's variables{named}", hint=hint))
    for number, step in enumerate(image.config.get("history") or (), 1):
        told = str(step.get("created_by", "")) if isinstance(step, dict) else ""
        kinds = dict.fromkeys(_history(told))
        out += [
            failed(f"{what} in step {number} of the image's history", hint="use `RUN --mount=type=secret`")
            for what in kinds
        ]
    entries = sum(len(layer) for layer in contents.layers)
    return out or passed(f"no secret in {entries} entries of {len(contents.layers)} layers, variables, history")


def _unread(path: str) -> str:
    """What else helps where the file is the project's, and no code."""
    own = path.startswith(APP + "/") and not path.endswith(".py")
    name = path.removeprefix(APP + "/")
    return f'unless the application reads it, `exclude = ["{name}"]` under [tool.lading] leaves it out; ' if own else ""


def found(file: File) -> Iterator[Secret]:
    """The secrets in one file of one layer, as far as its bytes were kept."""
    if file.kind != "file" or file.data is None:
        return
    text = file.data.decode(errors="replace")
    public = "/site-packages/" in file.path or "/dist-packages/" in file.path or file.path.startswith("/usr/")
    if "PRIVATE KEY" in text and _PRIVATE_KEY.search(text) and not (public and "/test" in file.path):
        yield Secret("a private key")
        return
    if public or _EXAMPLE.search(file.path):
        return
    credentials = _CREDENTIALS.fullmatch(file.path) is not None
    lines = enumerate(text.splitlines(), 1) if credentials else _suspicious(text)
    test, shown = _TEST.fullmatch(file.path) is not None, cache(_docstrings)
    for number, line in lines:
        what = next(_in_text(line), "")
        if (
            what
            and what not in _TOKENS
            and not credentials
            and (test or (file.path.endswith(".py") and number in shown(text)))
        ):
            continue
        if not what and credentials:
            what = _credential(file.path.rpartition("/")[2], line)
        if what:
            yield Secret(what, number)


def _docstrings(text: str) -> frozenset[int]:
    """The lines of Python code that are documentation; none where it is no code of this Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    owners = (node for node in ast.walk(tree) if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False))
    places = (owner.body[0] for owner in owners)
    return frozenset(line for one in places for line in range(one.lineno, (one.end_lineno or one.lineno) + 1))


def _suspicious(text: str) -> Iterator[tuple[int, str]]:
    """The lines of `text` in which a secret can be, with their numbers."""
    lowered = text.lower()
    # Lower case may be longer than the text it is of: then its places are not the text's.
    here = lowered if len(lowered) == len(text) else text
    starts: set[int] = set()
    for sign in _SIGNS:
        place = here.find(sign)
        while place >= 0:
            starts.add(here.rfind("\n", 0, place) + 1)
            end = here.find("\n", place)
            place = here.find(sign, end) if end >= 0 else -1
    counted, number = 0, 1
    for start in sorted(starts):
        number += text.count("\n", counted, start)
        counted = start
        yield number, text[start : _end(text, start)]


def _end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return end if end >= 0 else len(text)


def _credential(name: str, line: str) -> str:
    """What is secret in a line of a file that holds credentials, by its name."""
    if re.fullmatch(r"\.env(?:\..+)?", name):
        assigned = re.match(r"\s*(?:export )?(\w+)=(.*)", line)
        return _variable(assigned[1], assigned[2].strip().strip("\"'")) if assigned else ""
    if name == ".netrc":
        return "a password" if re.search(r"\bpassword\s+\S", line) else ""
    return "a token" if re.search(r'_authToken\s*=\s*\S|"auth"\s*:\s*"\S', line) else ""


def redact(text: str) -> str:
    """`text` without the passwords in its URLs and without tokens of known forms."""
    for pattern in _TOKENS.values():
        text = pattern.sub("…", text)
    return _URL.sub(lambda match: match[0].replace(f":{match['password']}@", ":…@"), text)


def _in_text(line: str) -> Iterator[str]:
    for what, pattern in _TOKENS.items():
        if any(not _PLACEHOLDER.search(token[0]) for token in pattern.finditer(line)):
            yield what
    if "@" in line:
        for url in _URL.finditer(line):
            word = url["host"] in _LOCAL and _WORD.fullmatch(url["password"])
            known = word or url["password"] == url["user"] or len(url["password"]) < 6 or "example" in url["host"]
            if not known and not _PLACEHOLDER.search(url["password"]):
                yield "a password in a URL"
    for assigned in _ASSIGNED.finditer(line):
        if _SECRET_NAME.search(assigned["name"].replace("-", "_")) and _random(assigned["value"]):
            yield f"a value for `{assigned['name']}`"


def _variable(name: str, value: str) -> str:
    """What is secret in a variable: here a value need not look random, for it is not code."""
    if what := next(_in_text(f"{name}={value}"), ""):
        return what
    literal = len(value) >= 6 and not value.startswith("/") and not value.isdecimal()
    return f"a value for `{name}`" if _SECRET_NAME.search(name) and literal and not value.startswith("$") else ""


def _history(line: str) -> Iterator[str]:
    yield from _in_text(line)
    for name, value in re.findall(r"\b([A-Za-z_]\w*)=(\S+)", line):
        if what := _variable(name, value.strip("\"'")):
            yield what


def _random(value: str) -> bool:
    """Whether `value` looks as if a generator had made it: hexadecimal, or letters of both cases and digits."""
    if len(value) < 16 or _PLACEHOLDER.search(value) or not re.fullmatch(r"[A-Za-z0-9+/=_.!@^&~-]+", value):
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    hexadecimal = len(value) >= 32 and re.fullmatch("[0-9a-fA-F]+", value) is not None
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
    return entropy > 3 and (hexadecimal or kinds == 3)


CHECKS: tuple[Check, ...] = (no_secret_in_layers,)
