"""Plan → `Dockerfile`: the image that our own builder makes, for Docker, podman, buildah and everything that reads one.

It keeps to what BuildKit of Docker 20.10 and buildah 1.24 know: cache and bind mounts, no heredoc, no `# syntax`.
The stages: `build` and `code` make what is copied, `image` is all that the others share, `dev`, `worker` and `runtime`
differ in what they run. `runtime` is the last, so that a build that names none gets it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

from lading import launch
from lading import plan as plans
from lading.dependencies import exported
from lading.model import Plan
from lading.render import apt, installed, launcher, layout

#: The uv that installs the dependencies: the same today and in a year.
UV = "0.13.8"

#: The debugger of the development stage, and the server where the project's own cannot reload.
DEBUGPY = "1.8.22"
UVICORN = "0.54.0"

#: Where apt keeps what it fetched: shared by builds, in no layer.
APT = (
    "--mount=type=cache,target=/var/cache/apt,sharing=locked",
    "--mount=type=cache,target=/var/lib/apt/lists,sharing=locked",
)


def render(plan: Plan, /) -> Mapping[str, str]:
    """`Dockerfile`."""
    blocks = (
        _head(plan), _build(plan), _strip(plan), _bytecode(plan), installed.code(plan), _image(plan), _run(plan),
        _dev(plan), _worker(plan), _runtime(plan),
    )  # fmt: skip
    return {"Dockerfile": "\n\n".join(block.strip() for block in blocks if block.strip()) + "\n"}


def _head(plan: Plan) -> str:
    return f"""
# The image of {plan.name}, written by lading from its plan. Edit it as you like: it is yours from then on.
# No `# syntax` line: every BuildKit since Docker 20.10, and buildah, read this file as it is.

# Another patch release, a digest, your own mirror: --build-arg PYTHON_IMAGE=…
ARG PYTHON_IMAGE={plan.base.image}
"""


def _build(plan: Plan) -> str:
    if exported.text(plan.dependencies) is None:
        files = {path: layout.code(plan, path) for path in plan.dependencies.files}
    else:
        files = {launcher.REQUIREMENTS: layout.beside(plan, launcher.REQUIREMENTS)}
        if plan.dependencies.manager == "requirements":  # those that only constrain
            files |= {path: layout.code(plan, path) for path in plan.dependencies.files if path.endswith(".txt")}
    arguments: tuple[str, ...] = ("-r", next(iter(files)))
    # Where the project declares no server, the plan's last requirement is the one that it added.
    arguments += (plans.SERVER,) if plan.dependencies.requirements[-1:] == (plans.SERVER,) else ()
    mounts = [f"--mount=type=bind,source={source},target=/build/{path}" for path, source in files.items()]
    newest = f" --exclude-newer {plan.as_of}" if plan.as_of else ""
    return f"""
# ── build: the dependencies; what this stage needs beside them stays in it ───────────────────────────────────────────
FROM ${{PYTHON_IMAGE}} AS build
WORKDIR /build
{_compilers(plan)}
# What pip and uv fetch: a cache mount is kept between builds, and is in no layer.
ENV XDG_CACHE_HOME={installed.FETCHED}
RUN {installed.CACHE} \\
    pip install --disable-pip-version-check --root-user-action=ignore uv=={UV}

# An environment without pip, and without what only a shell or a compiler reads. Before the code, so that a change of
# the code leaves this layer as it is; the files that decide are mounted, not copied. Links cannot leave the cache, so
# that files are copied.
RUN {join(installed.CACHE, *mounts)} \\
    python -m venv --without-pip /opt/venv \\
 && rm -rf /opt/venv/bin/*ctivate* /opt/venv/include /opt/venv/lib64 /opt/venv/.gitignore \\
 && uv pip install --python /opt/venv/bin/python --link-mode copy{newest} {shlex.join(arguments)} \\
 && rm -f /opt/venv/.lock
"""


def _compilers(plan: Plan) -> str:
    if not plan.base.build:
        return ""
    return f"""
# For what has no wheel, and is compiled here.
RUN {join(*APT)} \\
    apt-get update -qq && apt-get install -qq --no-install-recommends {apt.names(plan.base.build)} >/dev/null
"""


def _strip(plan: Plan) -> str:
    if not plan.strip:
        return ""
    return f"""
# Symbol tables and debug sections, which no loader reads, are up to half of a compiled wheel.
RUN --mount=type=bind,source={layout.beside(plan, launcher.STRIPPER)},target=/build/strip.py \\
    python strip.py /opt/venv
"""


def _bytecode(plan: Plan) -> str:
    return f"""
# The launcher, whose modules have no `.py` in the project, so that its linters and formatters leave them alone.
RUN --mount=type=bind,source={layout.beside(plan, launcher.MODULES)},target=/build/launch \\
    install --directory {launch.FOLDER} \\
 && for module in launch/*; do install --mode=644 "$module" "{launch.FOLDER}/${{module##*/}}.py"; done

# Bytecode in a tree of its own, so that there is no __pycache__ beside any source, of the interpreter's library too:
# the official image ships none of it, and a start would compile it every time. What is installed never changes, so
# nothing checks it against its source. (A file that does not compile is a template, or is never imported.)
ENV PYTHONPYCACHEPREFIX=/opt/pycache PYTHONDONTWRITEBYTECODE=1
RUN {installed.COMPILE} unchecked-hash -j 0 \\
      -x '{plans.exclude.UNCOMPILED}' \\
      "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" /opt/venv/lib {launch.FOLDER} \\
 || true
"""


def _image(plan: Plan) -> str:
    user, volume = plan.user, plan.volume
    extra = [name for name in plan.base.packages if name not in plans.PACKAGES]
    packages = f"""
# Libraries and programs that the dependencies or the code load.
RUN {join(*APT)} \\
    apt-get update -qq && apt-get install -qq --no-install-recommends {apt.names(extra)} >/dev/null
"""
    return f"""
# ── image: what every stage below is made of; what changes least comes first ─────────────────────────────────────────
FROM ${{PYTHON_IMAGE}} AS image
{packages if extra else ""}
# {user.name} has a home, because libraries ask for it. (useradd would add the files of a shell, and the day on which
# the image was built.) The volume is made here, so that a fresh one gets this owner and mode; like the folder of a
# database in its official image, it takes in whoever the container is run as.
RUN echo {user.name}:x:{user.gid}: >>/etc/group \\
 && echo {user.name}:x:{user.uid}:{user.gid}::{user.home}:/usr/sbin/nologin >>/etc/passwd \\
 && install --directory --owner={user.uid} --group={user.gid} --mode=755 {user.home} \\
 && install --directory --owner={user.uid} --group={user.gid} --mode=1777 {volume}

COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/pycache /opt/pycache
COPY --from=build {launch.FOLDER} {launch.FOLDER}
COPY --chmod=644 {layout.beside(plan, launcher.DECISIONS)} {launch.FOLDER}/launch.json
# The owner is set while copying: a `chown -R` would store every file a second time.
COPY --from=code --chown={user.uid}:{user.gid} /app /app
{installed.copied(plan)}COPY --from=code /opt/pycache/app /opt/pycache/app
"""


def _run(plan: Plan) -> str:
    health, config = plan.health, launch.config(plan)
    (port,), (volume,) = config["ExposedPorts"], config["Volumes"]
    env = " \\\n    ".join(f"{name}={_quoted(value)}" for name, value in plan.env.items())
    labels = "".join(f"LABEL {name}={_quoted(value)}\n" for name, value in config["Labels"].items())
    return f"""
ENV {env}
{labels}WORKDIR {config["WorkingDir"]}
VOLUME {json.dumps([volume])}
EXPOSE {port.removesuffix("/tcp")}
# Numbers, because Kubernetes' runAsNonRoot cannot look a name up.
USER {config["User"]}
STOPSIGNAL {config["StopSignal"]}
# The launcher asks whatever runs in the container, the server at the port that the environment names, and gives up by
# itself before the engine does. No curl.
HEALTHCHECK --interval={health.interval}s --timeout={health.timeout}s --start-period={health.start_period}s \\
    --retries={health.retries} \\
    CMD {json.dumps(config["Healthcheck"]["Test"][1:])}
# The exec form: no shell stands between the engine's signals and the server.
ENTRYPOINT {json.dumps(config["Entrypoint"])}
"""


def _dev(plan: Plan) -> str:
    server = "" if plan.server.kind in {"uvicorn", "gunicorn"} else f" uvicorn=={UVICORN}"
    return f"""
# ── dev: serves what is mounted over /app, anew after each edit; a debugger attaches on port 5678 ────────────────────
# Built only where it is asked for: docker build --target dev{_file(plan)} .
FROM image AS dev
USER 0:0
# With bytecode, or every reload would compile the debugger first, for a second or two.
RUN {join(installed.CACHE, "--mount=type=bind,from=build,source=/usr/local/bin/uv,target=/usr/local/bin/uv")} \\
    XDG_CACHE_HOME={installed.FETCHED} \\
    uv pip install --python /opt/venv/bin/python --link-mode copy debugpy=={DEBUGPY}{server} \\
 && {{ {installed.COMPILE} unchecked-hash \\
      /opt/venv/lib/python*/site-packages/debugpy || true; }}
COPY --chmod=644 {layout.beside(plan, launcher.DEVELOPMENT)} {launch.FOLDER}/launch.json
USER {plan.user.uid}:{plan.user.gid}
EXPOSE 5678
CMD ["serve"]
"""


def _file(plan: Plan) -> str:
    """The option that names the Dockerfile, where it has to be named."""
    path = plan.layout.dockerfile
    return "" if path == "Dockerfile" else f" --file {shlex.quote(path)}"


def _worker(plan: Plan) -> str:
    if not plan.programs:
        return ""
    workers = [one for one in plan.programs if one.role == "worker"]
    first = (workers or list(plan.programs))[0]
    alone = sum(one.role == first.role for one in plan.programs) == 1
    named = [first.role] if alone else [first.role, first.name]
    others = [f"{one.role} {one.name}" for one in plan.programs if one is not first]
    more = f" Another command runs the others: {', '.join(others)}." if others else ""
    return f"""
# ── worker: the same layers, another command. The health check sees which role it is in.{more}
FROM image AS worker
CMD {json.dumps(named)}
"""


def _runtime(plan: Plan) -> str:
    return f"""
# ── runtime: the server. The last stage, so the one that a build without --target makes ──────────────────────────────
FROM image AS runtime
CMD {json.dumps(launch.config(plan)["Cmd"])}
"""


def _quoted(value: str) -> str:
    """`value` as a Dockerfile's string, where a dollar would start a variable."""
    return json.dumps(value, ensure_ascii=False).replace("$", "\\$")


def join(*mounts: str) -> str:
    """The mounts of one RUN, each on a line."""
    return " \\\n    ".join(mounts)
