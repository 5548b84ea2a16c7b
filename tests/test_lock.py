"""What uv is asked, what is made of its answer, and each way in which it can refuse, against an index of our own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path

import pytest
import wheels
from wheels import Index, plan

from lading import command
from lading.build import choose, explain, lock
from lading.errors import BadInput, Error, Outside, Untrusted
from lading.model import Plan
from lading.source import Memory

pytestmark = pytest.mark.slow


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    with wheels.serving() as served:
        monkeypatch.setenv("UV_DEFAULT_INDEX", served.url + "/simple")
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
        monkeypatch.setenv("UV_NO_CONFIG", "1")
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        yield served


class Asked:
    """Progress, kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.lines.append(line)


def resolve(
    plan: Plan, requirements: str, store: Path, platform: str = "linux/amd64", **more: str
) -> tuple[tuple[str, str], ...]:
    tree = {"requirements.txt": requirements, **more}
    found = lock.resolve(plan, Memory(tree), platform=platform, store=store, progress=Asked())
    return tuple((one.name, one.version) for one in found)


def refused(plan: Plan, requirements: str, store: Path) -> Error:
    with pytest.raises(Error) as caught:
        resolve(plan, requirements, store)
    return caught.value


def said(error: Error) -> tuple[type[Error], str, str, str]:
    return type(error), error.where, error.message, error.hint


# ── what is resolved ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_requirement_brings_what_it_needs_by_url_and_hash(index: Index, tmp_path: Path) -> None:
    needed = index.add("leaf", "2.0")
    top = index.add("top", "1.5", requires=["leaf>=1", "windows-only; sys_platform == 'win32'"])
    found = lock.resolve(
        plan("top"), Memory({"requirements.txt": "top\n"}), platform="linux/amd64", store=tmp_path, progress=Asked()
    )
    assert [astuple(one) for one in found] == [
        ("leaf", "2.0", "leaf-2.0-py3-none-any.whl", f"{index.url}/files/leaf-2.0-py3-none-any.whl", needed),
        ("top", "1.5", "top-1.5-py3-none-any.whl", f"{index.url}/files/top-1.5-py3-none-any.whl", top),
    ]


@pytest.mark.parametrize(
    ("platform", "filename"),
    [
        ("linux/amd64", "native-1.0-cp313-cp313-manylinux_2_28_x86_64.whl"),
        ("linux/arm64", "native-1.0-cp313-cp313-manylinux2014_aarch64.whl"),
    ],
)
def test_the_wheel_is_the_images_and_not_this_machines(
    index: Index, tmp_path: Path, platform: str, filename: str
) -> None:
    for tag in (
        "cp313-cp313-manylinux_2_28_x86_64", "cp313-cp313-manylinux2014_aarch64", "cp313-cp313-macosx_11_0_arm64",
        "cp311-cp311-manylinux_2_28_x86_64", "cp313-cp313-musllinux_1_2_x86_64", "py3-none-any",
    ):  # fmt: skip
        index.add("native", tag=tag)
    source = Memory({"requirements.txt": "native"})
    found = lock.resolve(plan("native"), source, platform=platform, store=tmp_path, progress=Asked())
    assert [one.filename for one in found] == [filename]


def test_included_files_and_a_byte_order_mark_are_read(index: Index, tmp_path: Path) -> None:
    index.add("leaf", "1.0")
    index.add("leaf", "2.0")
    decided = plan("leaf")
    files = ("requirements.txt", "limits/c.txt")
    decided = replace(decided, dependencies=replace(decided.dependencies, files=files))
    tree: dict[str, str | bytes] = {
        "requirements.txt": "leaf\r\n-c limits/c.txt\r\n".encode("utf-16"),
        "limits/c.txt": "leaf<2\n",
    }
    found = lock.resolve(decided, Memory(tree), platform="linux/amd64", store=tmp_path, progress=Asked())
    assert [(one.name, one.version) for one in found] == [("leaf", "1.0")]


def test_a_pyproject_is_resolved_without_building_it(index: Index, tmp_path: Path) -> None:
    index.add("leaf")
    decided = plan("leaf")
    decided = replace(decided, dependencies=replace(decided.dependencies, files=("pyproject.toml",)))
    text = """
        [project]
        name = "example"
        dynamic = ["version"]
        readme = "README.md"
        requires-python = ">=3.11"
        dependencies = ["leaf"]
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
    """
    found = lock.resolve(
        decided, Memory({"pyproject.toml": text}), platform="linux/amd64", store=tmp_path, progress=Asked()
    )
    assert [one.name for one in found] == ["leaf"]


def test_what_only_the_plan_requires_is_added_and_said(index: Index, tmp_path: Path) -> None:
    index.add("leaf")
    index.add("uvicorn", requires=["leaf"])
    progress = Asked()
    found = lock.resolve(
        plan("leaf", "uvicorn"), Memory({"requirements.txt": "leaf\n# uvicorn\n"}), platform="linux/amd64",
        store=tmp_path, progress=progress,
    )  # fmt: skip
    assert [one.name for one in found] == ["leaf", "uvicorn"]
    assert progress.lines == ["resolving the dependencies, with uvicorn added"]


def test_as_of_leaves_out_what_came_later(index: Index, tmp_path: Path) -> None:
    index.add("leaf", "1.0")
    index.add("leaf", "2.0")
    index.uploaded["leaf-2.0-py3-none-any.whl"] = "2024-06-01T00:00:00Z"
    assert resolve(plan("leaf", as_of="2024-01-01"), "leaf", tmp_path) == (("leaf", "1.0"),)
    assert resolve(plan("leaf", as_of="2025-01-01"), "leaf", tmp_path) == (("leaf", "2.0"),)


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_not_locked_is_asked_for_each_time(index: Index, tmp_path: Path) -> None:
    index.add("leaf", "1.0")
    assert resolve(plan("leaf"), "leaf", tmp_path) == (("leaf", "1.0"),)
    index.add("leaf", "2.0")
    assert resolve(plan("leaf"), "leaf", tmp_path) == (("leaf", "2.0"),)


def test_what_is_locked_is_asked_for_once(index: Index, tmp_path: Path) -> None:
    sha256 = index.add("leaf", "1.0")
    text = f"leaf==1.0 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{sha256}\n"
    assert resolve(plan("leaf==1.0", locked=True), text, tmp_path) == (("leaf", "1.0"),)
    asked = len(index.asked)
    assert resolve(plan("leaf==1.0", locked=True), text, tmp_path) == (("leaf", "1.0"),)
    assert (asked > 0, len(index.asked)) == (True, asked)


@pytest.mark.parametrize("damage", [b"[1", b'{"pinned": true, "distributions": [{"name": "leaf"}]}'])
def test_a_damaged_record_is_no_record(index: Index, tmp_path: Path, damage: bytes) -> None:
    sha256 = index.add("leaf")
    text = f"leaf==1.0 --hash=sha256:{sha256}"
    resolve(plan("leaf==1.0", locked=True), text, tmp_path)
    (record,) = (tmp_path / "locks").glob("*.json")
    record.write_bytes(damage)
    assert resolve(plan("leaf==1.0", locked=True), text, tmp_path) == (("leaf", "1.0"),)


def unreachable(_: command.Command) -> command.Done:
    return command.Done(status=2, stdout=b"", stderr=b"error: Failed to fetch: `https://i/`\n  cause: dns error\n")


def test_without_a_network_the_last_answer_to_the_same_question_holds(index: Index, tmp_path: Path) -> None:
    index.add("leaf")
    resolve(plan("leaf"), "leaf", tmp_path)
    progress = Asked()
    found = lock.resolve(
        plan("leaf"), Memory({"requirements.txt": "leaf"}), platform="linux/amd64", store=tmp_path, progress=progress,
        run=unreachable,
    )  # fmt: skip
    assert [one.name for one in found] == ["leaf"]
    assert progress.lines == [
        "resolving the dependencies",
        "the package index cannot be reached: taking what the same requirements gave the last time",
    ]
    with pytest.raises(Outside, match="the package index cannot be reached: dns error"):
        lock.resolve(
            plan("leaf"), Memory({"requirements.txt": "leaf # and more"}), platform="linux/amd64", store=tmp_path,
            progress=progress, run=unreachable,
        )  # fmt: skip


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────

BUILD = "allow a version that has one, or build it from its source with `--builder docker`"
RELOCK = "lock again for every platform, with `uv pip compile --universal --generate-hashes`"
BROKEN = (
    "missing was not found in the package registry and all versions of broken depend on missing; you require broken"
)
CONFLICT = "all versions of top depend on leaf<2 and you require top; you require leaf>=2"
SYNTAX = 'no such comparison operator ">>", must be one of ~= == != <= >= < > ==='
VERSION = "is the version right? One that was yanked, or is newer than `as-of`, does not count"


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        (
            "# top\nleaf\nNo_Such.Thing>=1  # here\n",
            (BadInput, "requirements.txt:3", "there is no `no-such-thing` in the package index", "is the name right?"),
        ),
        (
            "broken\n",
            (
                BadInput, "", "there is no `missing` in the package index, which another requirement needs: " + BROKEN,
                "is the name right?",
            ),
        ),
        ("leaf==9\n", (BadInput, "requirements.txt:1", "there is no version of leaf that is `leaf==9`", VERSION)),
        (
            "leaf>9\n",
            (BadInput, "requirements.txt:1", "there is no version of leaf that is `leaf>9`, only leaf<=2.0", VERSION),
        ),
        (
            "sdist-only==1.0\n",
            (BadInput, "requirements.txt:1", "`sdist-only 1.0` has no wheel for linux/amd64 and Python 3.13", BUILD),
        ),
        (
            "sdist_only\n",
            (BadInput, "requirements.txt:1", "`sdist-only` has no wheel for linux/amd64 and Python 3.13", BUILD),
        ),
        (
            "mac-only\n",
            (BadInput, "requirements.txt:1", "`mac-only 1.0` has no wheel for linux/amd64 and Python 3.13", BUILD),
        ),
        (
            "top\nleaf>=2\n",
            (
                BadInput, "requirements.txt", "the requirements contradict each other: " + CONFLICT,
                "loosen one of them",
            ),
        ),
        (
            "leaf\n\ntop>>1\n",
            (
                BadInput, "requirements.txt:3", "uv cannot read the requirements: " + SYNTAX, "",
            ),
        ),
    ],
    ids=["missing", "missing-below", "no-version", "no-newer", "sdist", "sdist-any", "platform", "conflict", "syntax"],
)  # fmt: skip
def test_what_must_change_is_said_with_its_line(
    index: Index, tmp_path: Path, requirements: str, expected: tuple[type[Error], str, str, str]
) -> None:
    index.add("leaf", "1.0")
    index.add("leaf", "2.0")
    index.add("top", requires=["leaf<2"])
    index.add("broken", requires=["missing"])
    index.add("mac-only", tag="cp313-cp313-macosx_11_0_arm64")
    for version in ("1.0", "2.0"):
        index.files[f"sdist_only-{version}.tar.gz"] = b"not looked into"
    assert said(refused(plan(), requirements, tmp_path)) == expected


def test_an_index_that_does_not_answer(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    assert said(refused(plan(), "leaf", tmp_path)) == (
        Outside, "", "the package index cannot be reached: connection refused (os error 111)",
        "check the network, the proxy variables, or the index that uv is told to use",
    )  # fmt: skip


def test_an_index_that_is_not_trusted() -> None:
    text = "error: Failed to fetch: `https://index/leaf/`\n  cause: invalid peer certificate: UnknownIssuer\n"
    assert said(explain.error(text, {}, platform="linux/amd64", python="3.13")) == (
        Outside, "", "the package index cannot be reached: invalid peer certificate: UnknownIssuer",
        "behind a proxy with a certificate of its own, set SSL_CERT_FILE to a bundle that holds it",
    )  # fmt: skip


def test_a_wheel_that_is_not_the_locked_one(index: Index, tmp_path: Path) -> None:
    sha256 = index.add("leaf")
    text = f"# locked\nleaf==1.0 \\\n    --hash=sha256:{'0' * 64}\n"
    assert said(refused(plan("leaf==1.0", locked=True), text, tmp_path)) == (
        Untrusted, "requirements.txt:2",
        "`leaf-1.0-py3-none-any.whl` has none of the hashes that the project gives for leaf", RELOCK,
    )  # fmt: skip
    assert resolve(plan("leaf==1.0", locked=True), text.replace("0" * 64, sha256), tmp_path) == (("leaf", "1.0"),)


def test_of_several_wheels_one_that_is_locked_is_taken(index: Index, tmp_path: Path) -> None:
    index.add("leaf", tag="cp313-cp313-manylinux_2_28_x86_64")
    index.files["leaf-1.0-py3-none-any.whl"] = wheels.wheel("leaf", files={"leaf.py": b"pure = True\n"})
    pure = hashlib.sha256(index.files["leaf-1.0-py3-none-any.whl"]).hexdigest()
    found = lock.resolve(
        plan("leaf==1.0", locked=True), Memory({"requirements.txt": f"leaf==1.0 --hash=sha256:{pure}"}),
        platform="linux/amd64", store=tmp_path, progress=Asked(),
    )  # fmt: skip
    assert [one.filename for one in found] == ["leaf-1.0-py3-none-any.whl"]


def test_a_lock_that_leaves_something_out(index: Index, tmp_path: Path) -> None:
    index.add("leaf")
    sha256 = index.add("top", requires=["leaf"])
    error = refused(plan("top==1.0", locked=True), f"top==1.0 --hash=sha256:{sha256}", tmp_path)
    assert said(error) == (
        BadInput, "requirements.txt", "`leaf` is needed, and is not pinned by a SHA-256 as the others are", RELOCK
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "-e .",
        "-e ./lib",
        "./lib",
        "../lib",
        ".",
        ".[extra]",
        "git+https://host/x.git",
        "x @ git+ssh://host/x",
        "x @ file:///x",
    ],
)
def test_what_is_no_wheel_of_an_index(tmp_path: Path, text: str) -> None:
    assert said(refused(plan(text), text, tmp_path)) == (
        BadInput, "requirements.txt",
        f"`{text}` is no wheel of a package index, and the native builder runs no build back end, because that would "
        "run foreign code on this machine",
        "build with `--builder docker`, which runs it in a container, or depend on a published version",
    )  # fmt: skip


def test_an_index_with_a_password(tmp_path: Path) -> None:
    table = {"url": "https://me:secret@host/leaf-1.0-py3-none-any.whl", "hashes": {"sha256": "0" * 64}}
    answer = {"packages": [{"name": "leaf", "version": "1.0", "wheels": [table]}]}
    with pytest.raises(BadInput) as caught:
        list(choose.wheels(answer, plan(), "linux/amd64", {}, {}))
    assert "secret" not in str(caught.value)
    assert caught.value.message == (
        "`leaf` comes from a folder or from an index with a password, and the native builder reads neither yet"
    )


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("leaf", "other\nleaf==1\n", "requirements.txt:2"),
        ("a-b", "  A_b[x] >=1\n", "requirements.txt:1"),
        ("leaf", "leaflet\nleaf-more\n# leaf\nother # leaf\n", ""),
        ("leaf", "leaf", "requirements.txt:1"),
    ],
)
def test_where_a_name_is_required(name: str, text: str, where: str) -> None:
    assert explain.place(name, {"requirements.txt": text.encode()}) == where


def test_where_a_name_is_required_in_toml() -> None:
    text = b'[project]\nname = "app"\n# "leaf"\ndependencies = [\n  "top", "Leaf>=1",\n]\n'
    assert explain.place("leaf", {"pyproject.toml": text}) == "pyproject.toml:5"


@pytest.mark.network
@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_the_registry_has_a_wheel_for_each_dependency_of_the_example(tmp_path: Path, platform: str) -> None:
    from lading.source import Directory

    example = Directory(Path(__file__).parent.parent / "examples" / "task-list")
    decided = plan("uvicorn", locked=True)
    found = lock.resolve(decided, example, platform=platform, store=tmp_path, progress=Asked())
    assert {"alembic", "fastapi", "sqlalchemy", "uvicorn", "uvloop"} <= {one.name for one in found}
    assert not {"httpx", "pip", "pytest", "setuptools"} & {one.name for one in found}


def test_the_closure_that_another_manager_locked_is_installed_as_it_is(index: Index, tmp_path: Path) -> None:
    leaf = index.add("leaf", "1.0")
    index.add("leaf", "2.0")
    locked = replace(
        plan("leaf").dependencies, manager="poetry", files=("pyproject.toml", "poetry.lock"), locked=True,
        pinned=(f'leaf==1.0 ; python_version >= "3.8" --hash=sha256:{leaf}',),
    )  # fmt: skip
    decided = replace(plan("leaf"), dependencies=locked)
    found = lock.resolve(decided, Memory({}), platform="linux/amd64", store=tmp_path, progress=Asked())
    assert [(one.name, one.version, one.sha256) for one in found] == [("leaf", "1.0", leaf)]


def test_what_a_lock_has_is_told_of_the_lock(index: Index, tmp_path: Path) -> None:
    of = replace(plan("leaf").dependencies, manager="poetry", files=("poetry.lock",), pinned=("absent==1.0",))
    with pytest.raises(BadInput) as caught:
        lock.resolve(
            replace(plan("leaf"), dependencies=of), Memory({}), platform="linux/amd64", store=tmp_path, progress=Asked()
        )
    assert (caught.value.where, caught.value.message) == ("poetry.lock", "there is no `absent` in the package index")


def test_files_that_only_constrain_hold_beside_a_list_that_has_folders(index: Index, tmp_path: Path) -> None:
    for version in ("1.0", "2.0"):
        index.add("leaf", version)
    of = replace(
        plan("leaf").dependencies, files=("requirements.txt", "limits/most.txt"), requirements=("leaf", "."),
        pinned=("-c ../limits/most.txt", "leaf"), install=True,
    )  # fmt: skip
    source = Memory({"requirements.txt": "-c limits/most.txt\nleaf\n.\n", "limits/most.txt": "leaf<2\n"})
    found = lock.resolve(
        replace(plan("leaf"), dependencies=of), source, platform="linux/amd64", store=tmp_path, progress=Asked()
    )
    assert [one.version for one in found] == ["1.0"]
