"""Checks of what can be read: the Dockerfile, the context, the image. Each is silent on the good one, and bites."""

import time
from dataclasses import replace
from typing import NamedTuple

import pytest
import values
from values import GOOD, SITE, configured, containing, file, folder, link, metadata

from lading import checks
from lading.checks import Evidence, evidence, secrets
from lading.checks.secrets import Secret
from lading.model import File, Image, Plan

#: Of a plan whose image has an empty file, because the code fails without it.
BLANK = replace(values.PLAN.app, blanks=(".env",))


class Case(NamedTuple):
    """What is wrong, and what the check says of it: `verdict where: message`, one line a finding."""

    check: str
    evidence: Evidence
    said: tuple[str, ...]


def said(check: str, given: Evidence) -> tuple[str, ...]:
    findings = evidence.ask(checks.CHECKS[check], given)
    assert {finding.check for finding in findings} == {check}
    return tuple(f"{one.verdict} {one.where + ': ' if one.where else ''}{one.message}" for one in findings)


def dockerfile(text: str) -> Evidence:
    return replace(GOOD, dockerfile=text)


def last_stage(*lines: str) -> Evidence:
    """A Dockerfile whose last stage has these lines below what it needs."""
    start = "FROM python:3.12-slim AS builder\nFROM python:3.12-slim\nCOPY --from=builder /opt/venv /opt/venv\n"
    return dockerfile(start + "\n".join(lines) + "\n")


def ignoring(text: str, *tree: str) -> Evidence:
    return replace(GOOD, ignore=text, tree=tree or GOOD.tree)


def sized(unpacked: int, limit: int | None) -> Evidence:
    image = replace(values.IMAGE, layers=(values.layer(1, 1_000, "small"), values.layer(2, unpacked - 1_000, "wheels")))
    return replace(GOOD, image=image, plan=replace(values.PLAN, size_limit=limit), contents=None)


def requiring(*requirements: str) -> Plan:
    return replace(values.PLAN, dependencies=replace(values.DEPENDENCIES, requirements=requirements))


def with_history(*lines: str) -> Image:
    return replace(values.IMAGE, config={**values.IMAGE.config, "history": [{"created_by": one} for one in lines]})


KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEA7v8w" * 8 + "\n-----END RSA PRIVATE KEY-----\n"
# Put together here, so that no tool that looks for secrets finds one in this file.
RANDOM = "q7Xw2" + "Lr9Tz" + "4Kd8Vb1Nc6"
GITHUB = "ghp_" + "a1B2c3D4e5F6" * 3

#: A distribution whose METADATA was written on Windows, one of its headers folded, and with a table for a description.
WINDOWS = containing(
    file(
        f"{SITE}/tabulate-0.10.0.dist-info/METADATA",
        "Metadata-Version: 2.4\nName: tabulate\nVersion: 0.10.0\nLicense: MIT\n  as it is\n"
        "Requires-Dist: wcwidth ;\n  python_version > '3'\n\nname: Sun\nVersion: 1\n".replace("\n", "\r\n"),
    )
)

CASES = (
    Case(
        "two-stages",
        dockerfile("FROM python:3.12-slim\nRUN pip install fastapi\n"),
        ("fail Dockerfile:1: 1 stage, wanted at least 2",),
    ),
    Case("two-stages", dockerfile("RUN true\n"), ("fail Dockerfile:1: `RUN` stands before the first FROM",)),
    Case("two-stages", replace(GOOD, dockerfile=None), ("unknown there is no Dockerfile to read",)),
    Case(
        "final-stage-copies-artefacts",
        dockerfile("FROM a AS one\nRUN true\nFROM b\nCOPY . /app\n"),
        ("fail Dockerfile:3: the shipped stage copies nothing from an earlier stage",),
    ),
    Case(
        "final-stage-copies-artefacts",
        last_stage("RUN pip install --no-cache-dir fastapi && true"),
        ("fail Dockerfile:4: the shipped stage runs `pip install`",),
    ),
    Case(
        "final-stage-copies-artefacts",
        last_stage("RUN <<EOF", "set -e", "uv sync --frozen", "EOF"),
        ("fail Dockerfile:4: the shipped stage runs `uv sync`",),
    ),
    Case(
        "final-stage-copies-artefacts",
        last_stage("RUN apt-get update && apt-get install -y gcc libpq-dev libpq5"),
        (
            "fail Dockerfile:4: the shipped stage installs `gcc`",
            "fail Dockerfile:4: the shipped stage installs `libpq-dev`",
        ),
    ),
    Case(
        "final-stage-copies-artefacts",
        last_stage("COPY --from=builder /usr/local/bin/ /usr/local/bin/"),
        ("fail Dockerfile:4: the shipped stage copies the whole of `/usr/local/bin`",),
    ),
    Case(
        "final-stage-copies-artefacts",
        last_stage("COPY --from=astral/uv /uv /bin/"),
        ("fail Dockerfile:4: the shipped stage copies the installer `/uv`",),
    ),
    Case(
        "final-stage-copies-artefacts",
        dockerfile("FROM a AS base\nRUN apk add make\nFROM base AS b\nFROM base\nCOPY --from=1 /x /x\n"),
        ("fail Dockerfile:2: the shipped stage installs `make`",),
    ),
    Case(
        "final-stage-copies-artefacts",
        last_stage("RUN pip install --no-index --find-links /wheels /wheels/*"),
        ("pass copies /opt/venv of builder",),
    ),
    Case(
        "final-stage-copies-artefacts",
        last_stage("RUN apt-get install -y libpq5 ffmpeg && cargo-like-name"),
        ("pass copies /opt/venv of builder",),
    ),
    Case(
        "final-stage-copies-artefacts",
        dockerfile("FROM a AS b\nFROM a\nRUN --mount=type=bind,from=b,target=/w cp -r /w/venv /opt/venv\n"),
        ("pass copies from a mount",),
    ),
    Case(
        "ignore-covers",
        ignoring("tests/\n__pycache__/\n*.pyc\n.pytest_cache/\n.git/\n*.md\n.env*\n.venv/\n.idea/\n"),
        (
            "fail .dockerignore: `app/__pycache__/main.cpython-312.pyc` would reach the builder",
            "fail .dockerignore: `app/.git/config` would reach the builder",
            "fail .dockerignore: `app/.env` would reach the builder",
            "fail .dockerignore: `app/tests/test_main.py` would reach the builder",
            "fail .dockerignore: `app/NOTES.md` would reach the builder",
            "fail .dockerignore: `.vscode/settings.json` would reach the builder",
            "fail .dockerignore: `app/.idea/workspace.xml` would reach the builder",
            "fail .dockerignore: `app/main.pyc` would reach the builder",
            "fail .dockerignore: `app/.pytest_cache/README` would reach the builder",
            "fail .dockerignore: `.mypy_cache/x.json` would reach the builder",
            "fail .dockerignore: `.ruff_cache/x` would reach the builder",
            "fail .dockerignore: `app/.venv/bin/python` would reach the builder",
        ),
    ),
    Case(
        "ignore-covers",
        ignoring(values.IGNORE + "!app/.env\n"),
        ("fail .dockerignore: `app/.env` would reach the builder",),
    ),
    Case(
        "ignore-covers",
        ignoring(values.IGNORE + "[a\n"),
        ("fail .dockerignore: `[a` is not a pattern: `[a` is not complete",),
    ),
    Case("ignore-covers", replace(GOOD, ignore=None), ("unknown there is no .dockerignore to read",)),
    Case(
        "ignore-leaks-nothing",
        ignoring("*.md\n.env*\n", "app/main.py", "app/.env", "docs/a.md", "docs/b.md"),
        (
            "fail app/.env: `app/.env` reaches the builder",
            "fail docs/a.md: `docs/a.md` reaches the builder, and 1 more like it",
        ),
    ),
    Case(
        "ignore-leaks-nothing",
        ignoring(values.IGNORE, "app/main.py", "deploy/id_rsa"),
        ("fail deploy/id_rsa: `deploy/id_rsa` reaches the builder",),
    ),
    Case(
        "ignore-leaks-nothing",
        ignoring(values.IGNORE + "!README.md\n", "app/main.py", "README.md"),
        ("pass 2 of 2 files reach the builder, none of them unwanted",),
    ),
    Case("ignore-leaks-nothing", replace(GOOD, tree=()), ("unknown there is no source tree to look at",)),
    Case(
        "ignore-keeps-needed",
        ignoring(values.IGNORE + "*.txt\n**/versions\n"),
        (
            "fail .dockerignore: `requirements.txt` is left out, and the build needs it",
            "fail .dockerignore: `migrations/versions/0001_tasks.py` is left out, and the build needs it",
            "fail .dockerignore: `migrations/versions/0002_done.py` is left out, and the build needs it",
        ),
    ),
    Case(
        "ignore-keeps-needed",
        ignoring("*\n!app\n!alembic.ini\n!requirements.txt\n!migrations\n"),
        ("pass 6 needed files reach the builder: requirements.txt, app/main.py, alembic.ini and 3 more",),
    ),
    Case(
        "ignore-keeps-needed",
        replace(ignoring("scripts\n"), dockerfile="FROM a\nCOPY scripts /scripts\n"),
        ("fail .dockerignore: `scripts` is left out, and the build needs it",),
    ),
    Case(
        "ignore-keeps-needed",
        replace(
            ignoring("static/*\n", *values.TREE, "static/a.css"), dockerfile='FROM a\nCOPY ["static", "/static/"]\n'
        ),
        ("fail .dockerignore: `static` is left out, and the build needs it",),
    ),
    Case("size", sized(200_000_000, 200_000_000), ("fail 200 MB of 200 MB in 2 layers, wanted less",)),
    Case("size", sized(300_000_000, None), ("skip no `size-limit` is set: 300 MB in 2 layers",)),
    Case("size", sized(199_999_999, 200_000_000), ("pass 200 MB of 200 MB in 2 layers",)),
    Case("user-not-root", configured(User=""), ("fail the user is `root`, wanted 1000",)),
    Case("user-not-root", configured(User="0:1000"), ("fail the user is `0:1000`, wanted 1000",)),
    Case("user-not-root", configured(User="root"), ("fail the user is `root`, wanted 1000",)),
    Case("user-not-root", configured(User="appuser"), ("fail the user is `appuser`, a name; wanted the number 1000",)),
    Case("user-not-root", configured(User="1000"), ("pass the user is 1000",)),
    Case("owners", containing(without="/data"), ("fail /data: `/data` is not in the image",)),
    Case(
        "owners",
        containing(file("/app/app/main.py", owner=0)),
        ("fail /app/app/main.py: `/app/app/main.py` belongs to 0:0, wanted 1000:1000",),
    ),
    Case(
        "owners",
        containing(folder("/app/logs"), file("/app/logs/a")),
        ("fail /app/logs: 2 of `/app` belong to 0:0, wanted 1000:1000",),
    ),
    Case(
        "owners",
        containing(file("/opt/lading/launch.py", owner=1000)),
        ("fail 1 file stored twice, 0 MB, by a change of owner or mode",),
    ),
    Case(
        "no-forbidden-files",
        containing(folder("/opt/x/__pycache__"), file("/opt/x/__pycache__/a.pyc")),
        ("fail /opt/x/__pycache__: `/opt/x/__pycache__` is in the image",),
    ),
    Case(
        "no-forbidden-files",
        containing(
            file(f"{SITE}/numpy/distutils/__pycache__/conv.cpython-313.pyc"),
            file(f"{SITE}/numpy/__pycache__/core.cpython-313.pyc"),
            file(
                f"{SITE}/numpy-2.3.5.dist-info/RECORD",
                "numpy/distutils/__pycache__/conv.cpython-313.pyc,sha256=NFEZ0m-9,14213\n"
                "numpy/__pycache__/core.cpython-313.pyc,,\n",
            ),
        ),
        (f"fail {SITE}/numpy/__pycache__: `{SITE}/numpy/__pycache__` is in the image",),
    ),
    Case(
        "no-forbidden-files",
        containing(file("/srv/.env.local"), file("/app/.env")),
        ("fail /srv/.env.local: 2 times `.env*` in the image, the first is `/srv/.env.local`",),
    ),
    Case(
        "no-forbidden-files",
        replace(containing(file("/app/.env", size=0)), plan=replace(values.PLAN, app=BLANK)),
        ("pass no __pycache__, .git, .env* in 25 files; no tests or *.md in /app",),
    ),
    Case(
        "no-forbidden-files",
        replace(containing(file("/app/.env", size=5)), plan=replace(values.PLAN, app=BLANK)),
        ("fail /app/.env: `/app/.env` is in the image",),
    ),
    Case(
        "no-forbidden-files",
        containing(
            folder("/app/empty/tests"),
            file("/app/app/tests/test_a.py"),
            file("/app/docs/GUIDE.md"),
            file("/app/.idea/x"),
        ),
        (
            "fail /app/app/tests: `/app/app/tests` is in the image",
            "fail /app/docs/GUIDE.md: `/app/docs/GUIDE.md` is in the image",
            "fail /app/.idea: `/app/.idea` is in the image",
        ),
    ),
    Case(
        "no-forbidden-files",
        containing(file("/srv/.git/config"), file("/app/.vscode/settings.json")),
        ("fail /srv/.git: `/srv/.git` is in the image", "fail /app/.vscode: `/app/.vscode` is in the image"),
    ),
    Case(
        "no-forbidden-files",
        replace(
            containing(file("/app/app/prompts/a.md"), file("/app/.venv/lib/python3.13/site-packages/tests/x.md")),
            plan=replace(values.PLAN, app=replace(values.PLAN.app, exclude=("**/*.md", "!**/prompts/**/*.md"))),
        ),
        ("pass no __pycache__, .git, .env* in 26 files; no tests or *.md in /app",),
    ),
    Case(
        "no-build-tools",
        containing(file("/usr/bin/x86_64-linux-gnu-gcc-14"), link("/usr/bin/cc", "gcc")),
        ("fail /usr/bin/x86_64-linux-gnu-gcc-14: 2 compilers in the image: `/usr/bin/x86_64-linux-gnu-gcc-14`",),
    ),
    Case(
        "no-build-tools",
        containing(file("/usr/include/stdio.h"), file("/opt/venv/bin/uv")),
        (
            "fail /usr/include/stdio.h: 1 C header in the image: `/usr/include/stdio.h`",
            "fail /opt/venv/bin/uv: 1 installer in the image: `/opt/venv/bin/uv`",
        ),
    ),
    Case(
        "no-build-tools",
        containing(file("/root/.cache/pip/http/a"), file("/var/lib/apt/lists/deb_Packages")),
        (
            "fail /root/.cache/pip/http/a: 1 pip cache in the image: `/root/.cache/pip/http/a`",
            "fail /var/lib/apt/lists/deb_Packages: 1 apt list in the image: `/var/lib/apt/lists/deb_Packages`",
        ),
    ),
    Case(
        "no-build-tools",
        containing(file("/opt/venv/bin/make-report"), file("/usr/bin/as-tree"), file("/app/gcc")),
        ("pass no compiler, headers, uv, installer's cache or apt list",),
    ),
    Case(
        "production-dependencies",
        containing(without=f"{SITE}/uvloop"),
        ("fail `uvloop` is missing, and uvicorn[standard] requires it",),
    ),
    Case(
        "production-dependencies",
        containing(metadata("starlette", "0.30.0"), without=f"{SITE}/starlette"),
        ("fail `starlette` is 0.30.0, and fastapi requires >=0.40",),
    ),
    Case(
        "production-dependencies",
        replace(GOOD, plan=requiring("fastapi", "pydantic-settings; python_version>'3'")),
        ("fail `pydantic-settings` is missing, and the project requires it",),
    ),
    Case(
        "production-dependencies",
        replace(GOOD, plan=requiring("fastapi", "tomli; python_version<'3.11'")),
        ("pass 2 distributions, all that production requires",),
    ),
    Case(
        "production-dependencies",
        containing(without=SITE),
        ("unknown no distribution's METADATA was found in the image",),
    ),
    Case(
        "production-dependencies",
        replace(containing(without=SITE), plan=requiring()),
        ("pass nothing is required, and nothing is installed",),
    ),
    Case(
        "production-dependencies",
        replace(WINDOWS, plan=requiring("fastapi", "tabulate")),
        ("fail `wcwidth` is missing, and tabulate requires it",),
    ),
    Case(
        "production-dependencies",
        replace(
            containing(metadata("greeting", "1.0", "wcwidth", site="/opt/project")),
            plan=requiring("fastapi", "greeting"),
        ),
        ("fail `wcwidth` is missing, and greeting requires it",),
    ),
    Case(
        "no-development-dependencies",
        containing(metadata("greeting", "1.0", site="/opt/project")),
        ("fail /opt/project: `greeting` is installed, and production does not require it",),
    ),
    Case(
        "no-development-dependencies",
        WINDOWS,
        ("fail /opt/venv/lib/python3.13/site-packages: `tabulate` is installed, and production does not require it",),
    ),
    Case(
        "no-development-dependencies",
        containing(metadata("pytest", "9.0.0")),
        ("fail /opt/venv/lib/python3.13/site-packages: `pytest` is installed, and production does not require it",),
    ),
    Case(
        "no-development-dependencies",
        replace(
            containing(metadata("sortedcontainers", "2.4.0")),
            plan=replace(
                values.PLAN, dependencies=replace(values.DEPENDENCIES, pinned=("sortedcontainers==2.4.0 --hash=x",))
            ),
        ),
        ("pass 9 distributions, none beside what production requires",),
    ),
    Case(
        "no-development-dependencies",
        containing(metadata("greenlet", "3.2.0")),
        ("pass 9 distributions, none beside what production requires",),
    ),
    Case(
        "no-development-dependencies",
        containing(metadata("pip", "25.0")),
        ("fail /opt/venv/lib/python3.13/site-packages: `pip` is installed, and production does not require it",),
    ),
    Case(
        "no-development-dependencies",
        containing(metadata("pip", "25.0", site="/usr/local/lib/python3.13/site-packages")),
        ("pass 8 distributions, none beside what production requires",),
    ),
    Case(
        "no-development-dependencies",
        replace(
            containing(metadata("httpx", "0.28.1")),
            plan=requiring("fastapi[standard]", "uvicorn[standard]", "sqlalchemy", "alembic"),
        ),
        ("fail /opt/venv/lib/python3.13/site-packages: `httpx` is installed, pulled in by fastapi[standard]",),
    ),
    Case(
        "no-development-dependencies",
        replace(
            containing(metadata("httpx", "0.28.1"), metadata("openai", "2.0", "httpx>=0.23")),
            plan=requiring("fastapi[standard]", "uvicorn[standard]", "sqlalchemy", "alembic", "openai"),
        ),
        ("pass 10 distributions, none beside what production requires",),
    ),
    Case(
        "no-development-dependencies",
        containing(metadata("task-list", "1.0")),
        ("pass 9 distributions, none beside what production requires",),
    ),
    Case(
        "no-secret-in-layers",
        containing(file("/app/.env", f"# ours\nexport API_TOKEN={RANDOM}\nDEBUG=1\n")),
        ("fail /app/.env:2: a value for `API_TOKEN` in layer 4 of 4",),
    ),
    Case(
        "no-secret-in-layers",
        containing(file("/srv/test/.env", f"API_TOKEN={RANDOM}\n")),  # no test makes such a file up
        ("fail /srv/test/.env:1: a value for `API_TOKEN` in layer 4 of 4",),
    ),
    Case(
        "no-secret-in-layers",
        replace(GOOD, contents=values.contents(values.BASE, (file("/srv/key.pem", KEY),), (file("/srv/.wh.key.pem"),))),
        ("fail /srv/key.pem: a private key in layer 2 of 3, deleted again by a later one",),
    ),
    Case(
        "no-secret-in-layers",
        containing(file(f"{SITE}/mine/server.key", KEY), file(f"{SITE}/x/tests/a.key", KEY)),
        ("fail /opt/venv/lib/python3.13/site-packages/mine/server.key: a private key in layer 4 of 4",),
    ),
    Case(
        "no-secret-in-layers",
        containing(file("/app/app/config.py", f'x = 1\nSECRET_KEY: str = "{RANDOM}"\n')),
        ("fail /app/app/config.py:2: a value for `SECRET_KEY` in layer 4 of 4",),
    ),
    Case(
        "no-secret-in-layers",
        containing(file("/app/app/a.yaml", f"jwt-secret: {RANDOM}\nurl: redis://u:{RANDOM}@h/0\n")),
        (
            "fail /app/app/a.yaml:1: a value for `jwt-secret` in layer 4 of 4",
            "fail /app/app/a.yaml:2: a password in a URL in layer 4 of 4",
        ),
    ),
    Case(
        "no-secret-in-layers",
        containing(
            file("/app/app/a.py", f'"""Use {GITHUB}."""\n\n\ndef f():\n    """As is."""\n    api_key = "{RANDOM}"\n'),
            file("/app/app/b.py", 'A = "redis://:Tr0ub4dor@localhost/0"\nB = "redis://:password123@redis/0"\n'),
            file("/app/app/c.py", f'"""Of an older Python, secret_key = "{RANDOM}"."""\nprint "x"\n'),
        ),
        (
            "fail /app/app/a.py:1: a GitHub token in layer 4 of 4",
            "fail /app/app/a.py:6: a value for `api_key` in layer 4 of 4",
            "fail /app/app/b.py:1: a password in a URL in layer 4 of 4",
            "fail /app/app/b.py:2: a password in a URL in layer 4 of 4",
            "fail /app/app/c.py:1: a value for `secret_key` in layer 4 of 4",
        ),
    ),
    Case(
        "no-secret-in-layers",
        containing(file("/app/notes.txt", f"use {GITHUB} here\n")),
        ("fail /app/notes.txt:1: a GitHub token in layer 4 of 4",),
    ),
    Case(
        "no-secret-in-layers",
        containing(file("/root/.netrc", "machine a login b password c\n")),
        ("fail /root/.netrc:1: a password in layer 4 of 4",),
    ),
    Case(
        "no-secret-in-layers",
        containing(file("/root/.docker/config.json", '{"auths": {"r": {"auth": "abc="}}}')),
        ("fail /root/.docker/config.json:1: a token in layer 4 of 4",),
    ),
    Case(
        "no-secret-in-layers",
        configured(Env=["PATH=/bin", "DB_PASSWORD=hunter2-in-production"]),
        ("fail a value for `DB_PASSWORD` in the image's variables",),
    ),
    Case(
        "no-secret-in-layers",
        configured(Env=["DATABASE_URL=postgresql://app:Tr0ub4dor@db/app"]),
        ("fail a password in a URL in the image's variables, in `DATABASE_URL`",),
    ),
    Case(
        "no-secret-in-layers",
        replace(GOOD, image=with_history("RUN |1 PIP_INDEX_TOKEN=s3cr3t-value /bin/sh -c pip")),
        ("fail a value for `PIP_INDEX_TOKEN` in step 1 of the image's history",),
    ),
)

#: What looks like a secret and is none: said of any of these, the next true one would not be believed.
HARMLESS: tuple[File, ...] = (
    file("/app/a.py", 'SECRET_KEY = os.environ["SECRET_KEY"]\nPASSWORD = get_password()\n'),
    file("/app/b.py", 'token_url = "/auth/token"\nOAuth2PasswordBearer(tokenUrl="token")\nTOKEN_TYPE = "bearer"\n'),
    file("/app/c.py", 'password_field: str = "hashed_password"\nSECRET = "change-me-in-production-1A"\n'),
    file("/app/d.ini", "sqlalchemy.url = driver://user:pass@localhost/dbname\n"),
    file("/app/e.py", 'DATABASE_URL = "postgresql://postgres:postgres@localhost/app"\n'),
    file("/app/f.py", 'url = f"postgresql://{user}:{password}@{host}/db"\n'),
    file("/app/g.py", 'if text.startswith("-----BEGIN PRIVATE KEY-----"):\n    pass\n'),
    file("/app/.env.example", f"API_TOKEN={RANDOM}\n"),
    file("/app/.env", "DEBUG=true\nAPI_TOKEN=\nTOKEN_EXPIRE_MINUTES=30\n"),
    file("/app/i.py", 'KEY_ID = "AKIA' + 'IOSFODNN7EXAMPLE"\nurl = "https://ann:hunter22@api.example.com/"\n'),
    file("/app/j.py", f'class A:\n    """Log in.\n\n    [github]\n    client_secret = "{RANDOM}"\n    """\n'),
    file("/app/k.py", 'BROKER = "amqp://user:bitnami@localhost:5672/"\nB = "redis://:password123@127.0.0.1:6379/0"\n'),
    file("/app/app/testing/fixtures.py", f'secret = "{RANDOM}"\n'),
    file("/app/app/conftest.py", f'SECRET_KEY = "{RANDOM}"\nURL = "redis://u:{RANDOM}@h/0"\n'),
    file("/app/h.json", '{"token": "550e8400-e29b-41d4-a716-446655440000"}'),
    file(f"{SITE}/boto/examples.pem", "-----BEGIN CERTIFICATE-----\n" + "MIIC" * 40),
    file("/etc/ssl/certs/ca-certificates.crt", "-----BEGIN CERTIFICATE-----\n" + "MIIC" * 40),
)

_IDS = [f"{number}-{case.check}" for number, case in enumerate(CASES)]


@pytest.mark.parametrize("case", CASES, ids=_IDS)
def test_a_check_says_what_it_saw(case: Case) -> None:
    assert said(case.check, case.evidence) == case.said


@pytest.mark.parametrize("harmless", HARMLESS, ids=lambda one: one.path)
def test_what_only_looks_like_a_secret_is_none(harmless: File) -> None:
    (line,) = said("no-secret-in-layers", containing(harmless))
    assert line.startswith("pass no secret in ")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            "/app/dev.toml",
            'unless the application reads it, `exclude = ["dev.toml"]` under [tool.lading] leaves it out; ',
        ),
        ("/app/app/a.py", ""),
        ("/srv/.env", ""),
    ],
)
def test_a_file_with_a_secret_that_nothing_reads_can_be_left_out(path: str, told: str) -> None:
    (found,) = evidence.ask(checks.CHECKS["no-secret-in-layers"], containing(file(path, f"API_KEY = '{GITHUB}'\n")))
    assert found.hint == f"{told}give it to the container when it starts, and change it: whoever has the image has it"


def test_a_secret_is_never_shown() -> None:
    given = containing(file("/app/.env", f"API_TOKEN={RANDOM}\n"), file("/app/a.py", f'x = "{GITHUB}"\n'))
    found = evidence.ask(checks.CHECKS["no-secret-in-layers"], given)
    assert len(found) == 2
    assert [secret for secret in (RANDOM, GITHUB) if secret in repr(found)] == []


def test_a_line_of_millions_of_characters_is_read_in_no_time() -> None:
    blob = file("/app/bundle.js", "token" + "aB3" * 700_000 + "://" + "x" * 700_000 + "\n")
    started = time.monotonic()
    assert [one.what for one in secrets.found(blob)] == []
    assert time.monotonic() - started < 3


def test_a_secret_is_found_on_its_line_in_a_large_file() -> None:
    text = "x = 1\n" * 5_000 + f'API_KEY = "{RANDOM}"\n' + "# token\n" * 5_000
    assert list(secrets.found(file("/app/a.py", text))) == [Secret("a value for `API_KEY`", 5_001)]


def test_python_images_own_variables_are_no_secrets() -> None:
    env = ["GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305", f"PYTHON_SHA256={'0a1b' * 16}", "PYTHON_VERSION=3.12.8"]
    (line,) = said("no-secret-in-layers", configured(Env=env))
    assert line.startswith("pass ")


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        (f"{SITE}/fastapi-0.121.0.dist-info/METADATA", True),
        (f"{SITE}/fastapi-0.121.0.dist-info/RECORD", True),
        (f"{SITE}/fastapi/main.py", False),
        (f"{SITE}/certifi/cacert.pem", True),
        ("/app/app/main.py", True),
        ("/app/static/logo.png", False),
        ("/usr/lib/python3.13/json/__init__.py", False),
        ("/srv/.env", True),
        ("/root/.ssh/id_ed25519", True),
    ],
)
def test_only_what_is_judged_is_read(path: str, kept: bool) -> None:
    assert checks.keep(path) is kept
