"""Plan → the Dockerfile's stage `code`: the project's own code, and the project itself where it must be installed."""

from __future__ import annotations

import posixpath
import shlex
import textwrap

from lading import ignore
from lading import plan as plans
from lading.model import Plan
from lading.render import launcher, layout

#: Where pip and uv keep what they fetched: shared by builds, in no layer.
FETCHED = "/var/cache/build"
CACHE = f"--mount=type=cache,target={FETCHED}"

COMPILE = "/opt/venv/bin/python -m compileall -qq -f --invalidation-mode"


_UV = "uv pip install --python /opt/venv/bin/python --link-mode copy --no-deps --no-sources"
#: Of `^1.4 || ^2.0`, which Poetry reads, its back end makes a requirement that PEP 508 does not allow. Nothing here
#: asks for what is required, but uv reads it all the same, and stops; pip does not.
_PIP = "pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-compile --no-deps"

_WHERE = (
    "It goes to a place of its own, so that a change leaves the dependencies' layer as it is, and is built from a "
    "copy, because a build writes beside its sources."
)

_VERSION = """\
# The version is a tag of git, and git stays out of the image: --build-arg VERSION=1.2.3
ARG VERSION=0.0.0
ENV SETUPTOOLS_SCM_PRETEND_VERSION=${VERSION} PDM_BUILD_SCM_VERSION=${VERSION} PBR_VERSION=${VERSION}
"""


def code(plan: Plan) -> str:
    """The stage."""
    away = shlex.join(
        [f"/app/{launcher.FOLDER}", *(f"/app/{path}" for path in lent(plan) if not path.startswith("../"))]
    )
    return f"""
# ── code: the project's own, with its bytecode, and without what was in the context for the builder ──────────────────
FROM build AS code
COPY {plan.layout.code} /app
{_install(plan)}# Modes as everywhere, whatever the machine's umask was, and no folder that only the
# ignore file emptied. Checked bytecode, so that code mounted over /app counts.
RUN rm -rf {away} \\
 && find /app -mindepth 1 -type d -empty -delete \\
 && chmod -R u=rwX,go=rX /app{_links(plan)} \\
 && mkdir -p /opt/pycache/app \\
 && {{ {COMPILE} checked-hash /app || true; }}
"""


def _links(plan: Plan) -> str:
    """What leads from where the code writes to the volume, and what stands in for files that it fails without."""
    made = [(path, f"ln -sT {shlex.quote(to)} {_inside(path)}") for path, to in plan.app.links.items()]
    made += [(path, f": >{_inside(path)}") for path in plan.app.blanks]
    folders = dict.fromkeys(posixpath.dirname(path) for path, _ in made if posixpath.dirname(path))
    first = [f"mkdir -p {' '.join(map(_inside, folders))}"] if folders else []
    return "".join(f" \\\n && {command}" for command in [*first, *(command for _, command in made)])


def _inside(path: str) -> str:
    return shlex.quote(f"/app/{path}")


def copied(plan: Plan) -> str:
    """The instructions that copy what `_install` made."""
    if not plans.installs(plan.dependencies):
        return ""
    folder = plans.PROJECT
    return f"COPY --from=code {folder} {folder}\nCOPY --from=code /opt/pycache{folder} /opt/pycache{folder}\n"


def lent(plan: Plan) -> tuple[str, ...]:
    """What the builds read and the image does not need: a readme, a licence; left out but for the builder."""
    if plan.packaging is None or not plans.installs(plan.dependencies):
        return ()
    ignored = ignore.matcher(plan.app.exclude)
    return tuple(path for path in plan.packaging.files if ignored(path))


def _install(plan: Plan) -> str:
    if not plans.installs(plan.dependencies):
        return ""
    folder = plans.PROJECT
    outside = [layout.code(plan, path) for path in plan.dependencies.local if path.startswith("../")]
    inside = [f"project/{path}" for path in plan.dependencies.local if not path.startswith("../")]
    own = ["./project"] if plan.dependencies.install else []
    mounts = [
        CACHE,
        *(f"--mount=type=bind,source={path},target=/beside/{path}" for path in outside),
    ]
    copies = [*(["cp -r /beside ."] if outside else []), *(["cp -r /app project"] if inside or own else [])]
    places = shlex.join([*(f"beside/{path}" for path in outside), *inside, *own])
    installer = _PIP if plan.dependencies.manager == "poetry" else _UV
    lines = [
        *mounts,
        " \\\n && ".join([*copies, f"{installer} --target {folder} \\\n      {places}"]),
    ]
    # What /app has, the server imports from there: a second copy would only be read by who wonders which one runs.
    ours = [one for one in plan.env["PYTHONPATH"].split(":") if one == "/app" or one.startswith("/app/")]
    names = " ".join(f"{one}/*.py {one}/*/__init__.py" for one in ours)
    again = (
        f' \\\n && for one in {names}; do one=${{one%/__init__.py}}; rm -rf "{folder}/${{one##*/}}"; done'
        if own
        else ""
    )
    run = " \\\n    ".join(lines)
    return f"""
{_why(plan)}
{_VERSION if _by_git(plan) else ""}RUN {run}{again} \\
 && rm -rf project beside {folder}/bin {folder}/.lock \\
 && mkdir -p /opt/pycache{folder} \\
 && {{ {COMPILE} unchecked-hash {folder} || true; }}
"""


def _why(plan: Plan) -> str:
    """The comment above it, each line as long as a reader likes it."""
    own = ["The code asks for the project's own metadata, so that the project itself is installed."]
    others = ["What the dependencies name and no index has are folders of this repository."]
    lenient = ["By pip, which does not stop at what Poetry's back end makes of a requirement with `||`."]
    poetry = plan.dependencies.manager == "poetry"
    words = [*(own * plan.dependencies.install), *(others * bool(plan.dependencies.local)), _WHERE, *(lenient * poetry)]
    return "\n".join(textwrap.wrap(" ".join(words), 117, initial_indent="# ", subsequent_indent="# "))


def _by_git(plan: Plan) -> bool:
    return plan.dependencies.install and plan.packaging is not None and plan.packaging.version == "vcs"
