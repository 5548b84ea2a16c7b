"""What stays out of every image, with the reason, and out of this one → the patterns of its `.dockerignore`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lading import ignore
from lading.model import Migrations

#: Modules that no server imports, of the interpreter and of what is installed: their bytecode is not kept.
UNCOMPILED = (
    "/(tests?|(sqlalchemy|alembic)/testing|idlelib|lib2to3|tkinter|turtledemo|ensurepip|pydoc_data"
    r"|site-packages/pip)/|/turtle\.py$"
)

#: What no image needs: a reason, and patterns of `.dockerignore`, which are anchored at the root of the context unless
#: they start with `**/`. In order, because the last pattern that matches decides.
EXCLUDE: Mapping[str, tuple[str, ...]] = {
    "Documentation, except what templates and prompts are made of.": (
        "**/*.md", "!**/templates/**/*.md", "!**/prompts/**/*.md", "docs",
    ),
    "Tests. Not `test_*.py` everywhere: an application may well import its `test_client.py`.": (
        "**/tests", "test", "**/conftest.py", "**/.coverage*", "**/htmlcov", "**/.tox", "**/.nox",
    ),
    "Version control and continuous integration.": (
        "**/.git", "**/.gitignore", "**/.gitattributes", "**/.gitmodules", "**/.hg", "**/.svn", ".github", ".gitlab",
        ".gitlab-ci.yml", ".circleci", ".travis.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", "Jenkinsfile",
        ".pre-commit-config.yaml",
    ),
    "Bytecode, caches and what tools leave behind.": (
        "**/__pycache__", "**/*.pyc", "**/*.pyo", "**/*.pyd", "**/.pytest_cache", "**/.mypy_cache", "**/.ruff_cache",
        "**/.hypothesis", "**/.ipynb_checkpoints", "**/.cache", "**/*.egg-info", "**/.eggs", "**/*.log",
    ),
    "Environments and editors.": (
        "**/.venv", "**/venv", "**/node_modules", "**/.vscode", "**/.idea", "**/*.swp", "**/.DS_Store", "**/Thumbs.db",
    ),
    'Secrets. A certificate that the application needs: `exclude = ["!certs/ca.pem"]`.': (
        "**/.env*", "**/*.env", "**/*.pem", "**/*.key", "**/*.p12", "**/*.pfx", "**/id_rsa*", "**/id_dsa*",
        "**/id_ecdsa*", "**/id_ed25519*", "**/.ssh", "**/.aws", "**/.netrc", "**/.pypirc", "**/.npmrc",
        "**/.secrets",
    ),
    "Databases: rows belong on the volume.": (
        "**/*.db", "**/*.sqlite", "**/*.sqlite3", "**/*.db-*", "**/*.sqlite-*", "**/*.sqlite3-*",
    ),
    "How the image itself is made.": (
        "**/Dockerfile", "**/Dockerfile.*", "**/*.Dockerfile", "**/Containerfile", "**/.dockerignore",
        "**/compose.y*ml", "**/compose.*.y*ml", "**/docker-compose*.y*ml", ".lading",
    ),
}  # fmt: skip


def patterns(more: Iterable[str], files: Iterable[str], migrations: Migrations | None) -> tuple[str, ...]:
    """The patterns of `.dockerignore`, the user's last; what the installation or the migrations read is taken back."""
    every = (*(pattern for group in EXCLUDE.values() for pattern in group), *more)
    ignored = ignore.matcher(every)
    needed = (*files, *((migrations.config, f"{migrations.folder}/env.py") if migrations else ()))
    return (*every, *(f"!{path}" for path in needed if ignored(path)))
