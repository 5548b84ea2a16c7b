"""Plan → the Dockerfile's stage `code`: the project's own code, and the project itself where it must be installed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from lading import ignore
from lading import plan as plans
from lading.model import Plan
from lading.render import launcher

COMPILE = "/opt/venv/bin/python -m compileall -qq -f --invalidation-mode"


def code(plan: Plan) -> str:
    """The stage."""
    away = shlex.join([f"/app/{launcher.FOLDER}", *(f"/app/{path}" for path in lent(plan))])
    return f"""
# ── code: the project's own, with its bytecode, and without what was in the context for the builder ──────────────────
FROM build AS code
COPY {plan.layout.code} /app
{_install(plan)}# Modes as everywhere, whatever the machine's umask was, and no folder that only the
# ignore file emptied. Checked bytecode, so that code mounted over /app counts.
RUN rm -rf {away} \\
 && find /app -mindepth 1 -type d -empty -delete \\
 && chmod -R u=rwX,go=rX /app \\
 && mkdir -p /opt/pycache/app \\
 && {{ {COMPILE} checked-hash /app || true; }}
"""


def copied(plan: Plan) -> str:
    """The instructions that copy what `_install` made."""
    if not plan.dependencies.install:
        return ""
    folder = plans.PROJECT
    return f"COPY --from=code {folder} {folder}\nCOPY --from=code /opt/pycache{folder} /opt/pycache{folder}\n"


def lent(plan: Plan) -> tuple[str, ...]:
    """What the project's build reads and the image does not need: a readme, a licence; left out but for the builder."""
    ignored = ignore.matcher(plan.app.exclude)
    return tuple(path for path in _inputs(plan) if ignored(path))


def _inputs(plan: Plan) -> Iterator[str]:
    if plan.packaging and plan.dependencies.install:
        yield from (path for path in plan.packaging.files if not path.startswith("../"))


def _install(plan: Plan) -> str:
    if not plan.dependencies.install:
        return ""
    folder = plans.PROJECT
    vcs = plan.packaging is not None and plan.packaging.version == "vcs"
    version = """# The version is a tag of git, and git stays out of the image: --build-arg VERSION=1.2.3
ARG VERSION=0.0.0
ENV SETUPTOOLS_SCM_PRETEND_VERSION=${VERSION} PDM_BUILD_SCM_VERSION=${VERSION} PBR_VERSION=${VERSION}
"""
    return f"""
# The code asks for the project's own metadata, so that the project is installed, in a folder of its own: a change of
# the code leaves the dependencies' layer as it is. Built from a copy, because a build writes beside its sources.
{version if vcs else ""}RUN --mount=type=cache,target=/root/.cache \\
    cp -r /app /tmp/project \\
 && uv pip install --python /opt/venv/bin/python --link-mode copy --no-deps --target {folder} /tmp/project \\
 && rm -rf /tmp/project {folder}/bin \\
 && mkdir -p /opt/pycache{folder} \\
 && {{ {COMPILE} unchecked-hash {folder} || true; }}
"""
