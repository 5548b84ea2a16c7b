"""What a lock pins for production: markers, constraints, the walk of its graph, and nobody's credentials."""

import json
import tomllib
from pathlib import Path

import pytest

from lading import dependencies, views
from lading.dependencies import constraint, indexes, installs, locks, markers, newer, requirement, uv
from lading.dependencies.locks import Edge, Node, Package
from lading.detect import python, python_wheels, services
from lading.detect.python_removed import Removed
from lading.errors import BadInput
from lading.model import Index
from lading.source import Memory

pytestmark = pytest.mark.slow

PROJECTS = Path(__file__).parent / "projects"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", ""),
        ("sys_platform == 'win32'", None),
        ("sys_platform != 'win32'", ""),
        ("'linux' in sys_platform", ""),
        ("platform_python_implementation != 'PyPy' and sys_platform != 'cygwin'", ""),
        ("python_version < '3.11'", 'python_version < "3.11"'),
        ("'3.11' > python_version", 'python_version < "3.11"'),
        ("sys_platform == 'win32' or python_version < '3.11'", 'python_version < "3.11"'),
        ("(python_version < '3.11' or os_name == 'nt') and platform_machine == 'x86_64'",
         'platform_machine == "x86_64" and python_version < "3.11"'),
        ("python_version < '3' or (python_version < '3' and platform_machine == 'arm64')", 'python_version < "3"'),
        ("platform_machine not in 'arm64 aarch64'", 'platform_machine not in "arm64 aarch64"'),
        ("extra == 'api'", ""),
        ("extra == 'other'", None),
        ("extra == 'extra-7-project-api'", ""),
        ("'dev' in dependency_groups", None),
        ("'api' in extras or 'dev' in dependency_groups", ""),
        ("this is a none", "(this is a none)"),
        ("((python_version < '3'", "(((python_version < '3')"),
    ],
)  # fmt: skip
def test_a_marker_is_decided_as_far_as_the_platform_decides_it(text: str, left: str | None) -> None:
    found = markers.read(text, extras={"api"})
    assert (None if found == markers.NEVER else markers.text(found)) == left


def test_a_marker_that_grows_without_end_is_taken_for_always() -> None:
    text = " or ".join(f"python_version == '{number}'" for number in range(60))
    assert markers.read(text) == markers.ALWAYS
    assert markers.read("python_version < '3' or " * 1000 + "python_version < '3'") == markers.ALWAYS


@pytest.mark.parametrize(
    ("text", "specifier"),
    [
        ("*", ""),
        ("^1.2.3", ">=1.2.3,<2.0"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0", ">=0,<1.0"),
        ("~1.2", ">=1.2,<1.3"),
        ("~1", ">=1,<2.0"),
        ("~=1.2.3", "~=1.2.3"),
        ("3.11.7", "==3.11.7"),
        ("1.2.*", "==1.2.*"),
        (">=3.8 <4.0", ">=3.8,<4.0"),
        (">=1.0, !=1.3", ">=1.0,!=1.3"),
        ("^0.18.2 || ^0.19.0 || ^1", ">=0.18.2,<2.0"),
        ("<2 || >=3", ""),
    ],
)
def test_a_constraint_of_poetry_is_one_of_pep_440(text: str, specifier: str) -> None:
    assert constraint.specifier(text) == specifier


@pytest.mark.parametrize("text", ["", "three", "^", ">= ", "==1,,,x y"])
def test_what_is_no_constraint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        constraint.specifier(text or "^")


def test_a_dependency_table_of_poetry_is_requirements() -> None:
    table = tomllib.loads("""
        a = "^1.2"
        b = { version = "*", extras = ["x", "y"], python = "<3.12" }
        c = { git = "git@example.org:team/c.git", rev = "abc", subdirectory = "lib" }
        d = { url = "https://user:word@example.org/d-1.0-py3-none-any.whl" }
        e = { path = "../e", develop = true, markers = "python_version > '3.8' or os_name == 'nt'" }
        f = [{ version = "1", platform = "linux" }, { version = "2", platform = "win32" }]
    """)
    assert [text for name, value in table.items() for text in constraint.requirements(name, value)] == [
        "a>=1.2,<2.0",
        'b[x,y] ; python_version < "3.12"',
        "c @ git+ssh://git@example.org/team/c.git@abc#subdirectory=lib",
        "d @ https://example.org/d-1.0-py3-none-any.whl",
        "e @ file:../e ; python_version > '3.8' or os_name == 'nt'",
        'f==1 ; sys_platform == "linux"',
        'f==2 ; sys_platform == "win32"',
    ]


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("a @ https://user:word@example.org/a.whl", "a @ https://example.org/a.whl"),
        ("git+https://token@example.org/a.git@main#egg=a", "git+https://example.org/a.git@main#egg=a"),
        ("git+https://user:wo/rd@example.org/a.git@main", "git+https://example.org/a.git@main"),
        ("git+https://example.org:8443/a.git@v1", "git+https://example.org:8443/a.git@v1"),
        ("git+ssh://git@example.org/a.git@v1", "git+ssh://git@example.org/a.git@v1"),
        ("git+ssh://git:word@example.org/a.git", "git+ssh://git@example.org/a.git"),
        ("fastapi>=0.1", "fastapi>=0.1"),
    ],
)
def test_credentials_never_stay_in_a_requirement(text: str, bare: str) -> None:
    assert requirement.bare(text) == bare


@pytest.mark.parametrize(
    ("url", "index"),
    [
        ("https://pypi.org/simple", None),
        ("not an address", None),
        ("https://user:word@wheels.example.com/simple", ("https://wheels.example.com/simple", True)),
        ("https://${USER}:${WORD}@wheels.example.com/simple?token=1", ("https://wheels.example.com/simple", True)),
        ("https://gitlab.example.com/api/v4/projects/1/packages/pypi/simple",
         ("https://gitlab.example.com/api/v4/projects/1/packages/pypi/simple", True)),
        ("http://10.1.2.3:8080/simple", ("http://10.1.2.3:8080/simple", True)),
        ("http://wheelhouse:8080/simple", ("http://wheelhouse:8080/simple", True)),
        ("https://wheels.example.org/cpu", ("https://wheels.example.org/cpu", False)),
    ],
)  # fmt: skip
def test_an_index_is_private_when_its_address_says_so(url: str, index: tuple[str, bool] | None) -> None:
    expected = index and Index(name="named", url=index[0], private=index[1])
    assert indexes.index("named", url) == expected


def node(name: str, *needs: str, extras: dict[str, list[str]] | None = None, version: str = "1") -> Node:
    package = Package(name=name, version=version, files=(("", f"sha256:{name}"),))
    inner = {extra: [edge(text) for text in texts] for extra, texts in (extras or {}).items()}
    return Node(package=package, edges=[edge(text) for text in needs], extras=inner)


def edge(text: str) -> Edge:
    found = locks.edge(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("roots", "pinned"),
    [
        (["a"], ["a==1", "b==1", "c==1"]),
        (["b ; python_version < '3.12'"], ['b==1 ; python_version < "3.12"', 'c==1 ; python_version < "3.12"']),
        (["b ; python_version < '3.12'", "c"], ['b==1 ; python_version < "3.12"', "c==1"]),
        (["d"], ["d==1"]),
        (["d[more]"], ["d==1", 'e==1 ; python_version < "3.11"', "loop==1", "round==1"]),
        (["a ; sys_platform == 'win32'"], []),
        (["absent"], []),
    ],
)
def test_the_closure_has_what_is_needed_and_when(roots: list[str], pinned: list[str]) -> None:
    nodes = [
        node("a", "b", "c"),
        node("b", "c"),
        node("c"),
        node("d", extras={"more": ["e ; python_version < '3.11'", "loop"]}),
        node("e"),
        node("loop", "round"),
        node("round", "loop"),
    ]
    found = locks.closure(nodes, [edge(text) for text in roots], "x.lock")
    assert [line.partition(" --hash")[0] for line in locks.pinned(found)] == pinned


def test_of_several_versions_each_edge_takes_its_own() -> None:
    nodes = [node("a", version="1.5"), node("a", version="2.5")]
    found = locks.closure(
        nodes, [edge("a<2 ; python_version < '3.12'"), edge("a>=2 ; python_version >= '3.12'")], "x.lock"
    )
    assert [line.partition(" --hash")[0] for line in locks.pinned(found)] == [
        'a==1.5 ; python_version < "3.12"',
        'a==2.5 ; python_version >= "3.12"',
    ]


def test_more_versions_of_a_package_than_any_tool_locks_are_refused() -> None:
    with pytest.raises(BadInput, match=r"x\.lock: has 51 versions of `a`"):
        locks.closure([node("a", "a", version=str(number)) for number in range(51)], [edge("a")], "x.lock")


def test_a_graph_of_thousands_is_walked_in_step_with_its_size() -> None:
    nodes = [node(f"p{number}", *(f"p{number + step}" for step in (1, 2, 3))) for number in range(3000)]
    assert len(locks.closure(nodes, [edge("p0")], "x.lock")) == 3000


@pytest.mark.parametrize(
    ("package", "whole"),
    [
        (Package(name="a", version="1", files=(("a.whl", "sha256:0"),)), True),
        (Package(name="a", version="1"), False),
        (Package(name="a", url="git+https://example.org/a.git@" + "0" * 40), True),
        (Package(name="a", url="git+https://example.org/a.git@main"), False),
        (Package(name="a", url="file:libs/a"), True),
        (Package(name="a", url="https://example.org/a.whl"), False),
    ],
)
def test_a_lock_is_whole_when_each_package_is_pinned_by_what_it_holds(package: Package, whole: bool) -> None:
    assert locks.whole([package]) is whole


def test_inline_tables_over_several_lines_are_read_as_uv_reads_them() -> None:
    text = 'a = {\n  # why\n  b = "{,\\n}", # so\n  c = [1, 2,\n  ],\n}\nd = """\n{\n"""\n[[e]]\nf = {}\n'
    assert tomllib.loads(newer.flat(text)) == {"a": {"b": "{,\n}", "c": [1, 2]}, "d": "{\n", "e": [{"f": {}}]}


@pytest.mark.parametrize(
    ("lock", "where"),
    [("[[package]]\nname = \n", "uv.lock:2"), ("[" * 100_000, "uv.lock"), ("a = {\n b = }", "uv.lock:1")],
)
def test_a_lock_that_is_broken_is_never_passed_over(lock: str, where: str) -> None:
    manifest = '[project]\nname = "a"\ndependencies = ["fastapi"]\n'
    with pytest.raises(BadInput) as caught:
        dependencies.find(Memory({"pyproject.toml": manifest, "uv.lock": lock, "requirements.txt": "fastapi\n"}))
    assert caught.value.where.startswith(where)


def test_a_lock_of_uv_that_has_another_project_is_none() -> None:
    lock = 'version = 1\n[[package]]\nname = "b"\nsource = { virtual = "other" }\n'
    source = Memory({"pyproject.toml": '[project]\nname = "a"\ndependencies = ["fastapi"]\n', "uv.lock": lock})
    assert uv.find(source) is None
    assert dependencies.find(source).value.manager == "pyproject"


def test_a_lock_of_poetry_fits_its_manifest_by_poetrys_own_hash() -> None:
    import hashlib

    manifest = '[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\nfastapi = "*"\n'
    content = {"dependencies": {"fastapi": "*"}, "dev-dependencies": None, "extras": None, "source": None}
    given = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    lock = '[[package]]\nname = "fastapi"\nversion = "1"\nfiles = [{file = "f", hash = "sha256:0"}]\n[metadata]\n'
    fits = dependencies.find(Memory({"pyproject.toml": manifest, "poetry.lock": f'{lock}content-hash = "{given}"'}))
    other = dependencies.find(Memory({"pyproject.toml": manifest, "poetry.lock": f'{lock}content-hash = "other"'}))
    assert (fits.confidence, fits.value.locked, fits.others) == ("sure", True, ())
    assert (other.confidence, other.value.locked) == ("likely", True)
    assert other.others == (
        "pyproject.toml: changed since poetry.lock was written, which still has all that it asks for",
    )


def test_nothing_that_is_expected_holds_a_credential() -> None:
    told = [path for path in PROJECTS.glob("*/expect.json") if "s3cret" in path.read_text()]
    given = [path for path in PROJECTS.glob("deps-*/source/**/*") if path.is_file() and b"s3cret" in path.read_bytes()]
    assert (told, len(given) > 3) == ([], True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("RUN pip install -r requirements/prod.txt", (("requirements/prod.txt",), (), False, False)),
        ("RUN pip install --no-cache-dir '.[api,postgres]'", ((), ("api", "postgres"), False, True)),
        ("RUN pip3 install .", ((), (), False, True)),
        ('RUN poetry install --only main --extras "api sqlite"', ((), ("api", "sqlite"), False, False)),
        ("RUN poetry install -E api -E sqlite", ((), ("api", "sqlite"), False, False)),
        ("RUN uv sync --frozen --extra api --no-dev", ((), ("api",), False, False)),
        ("RUN uv sync --all-extras", ((), (), True, False)),
        ('CMD ["uv", "run", "uvicorn", "app:app"]', ((), (), False, False)),
    ],
)  # fmt: skip
def test_what_an_image_installs_is_read(line: str, said: tuple[object, ...]) -> None:
    found = installs.read(Memory({"Dockerfile": f"FROM python\n{line}\n"}))
    assert [(one.files, one.extras, one.every, one.project) for one in found] == [said]
    assert found[0].where == "Dockerfile:2"


def test_extras_for_tests_are_never_productions() -> None:
    source = Memory({"Dockerfile": "RUN pip install .[all,test,dev]\n"})
    assert installs.chosen(source, ("all", "test", "dev")) == (("all",), "Dockerfile:1")
    assert installs.chosen(Memory({"README.md": "pip install .[all]\n"}), ("all",)) == ((), "")


def test_a_group_that_an_image_installs_is_productions() -> None:
    manifest = """
        [project]
        name = "a"
        dependencies = ["fastapi"]
        [dependency-groups]
        server = ["uvicorn"]
        dev = ["pytest"]
    """
    source = Memory({"pyproject.toml": manifest, "Dockerfile": "RUN uv sync --no-default-groups --group server\n"})
    assert dependencies.find(source).value.requirements == ("fastapi", "uvicorn")


@pytest.mark.parametrize(
    ("files", "minor"),
    [
        (["a-1-py3-none-any.whl"], None),
        (["a-1-cp311-cp311-manylinux_2_17_x86_64.whl", "a-1-cp312-cp312-manylinux_2_17_x86_64.whl"], 12),
        (["a-1-cp38-abi3-manylinux_2_17_x86_64.whl"], None),
        (["a-1-cp313-cp313-win_amd64.whl", "a-1-cp311-cp311-manylinux_2_17_x86_64.whl"], 11),
        (["a-1.tar.gz"], None),
        ([], None),
    ],
)
def test_the_newest_release_is_that_of_the_linux_wheels(files: list[str], minor: int | None) -> None:
    package = Package(name="a", version="1", files=tuple((name, "") for name in files), line=7)
    found = python_wheels.newest([package], "uv.lock")
    assert (found and found.minor, found and found.where) == (minor, "uv.lock:7" if minor else None)


@pytest.mark.parametrize(
    ("files", "specifier"),
    [
        ({"Pipfile": '[requires]\npython_version = "3.11"\n'}, "==3.11.*"),
        ({"Pipfile": '[requires]\npython_full_version = "3.11.4"\n'}, "==3.11.4"),
        ({"setup.cfg": "[metadata]\nname = a\n[options]\npython_requires = >=3.8\n"}, ">=3.8"),
        ({".tool-versions": "nodejs 20.1\npython 3.12.2\n"}, ">=3.12"),
        ({"runtime.txt": "python-3.11.9\n"}, ">=3.11"),
        ({".python-version": "pypy\n", "Dockerfile": "FROM python:3.13-alpine\n"}, ">=3.13"),
        ({"Dockerfile": "FROM ghcr.example.org/uv:0.5-python3.13-alpine\n"}, ">=3.13"),
        ({"Dockerfile": "ARG V=3.12\nFROM python:${V}-slim\n"}, ">=3.12"),
        ({"Dockerfile.dev": "FROM python:3.8\n", "README.md": ""}, None),
    ],
)
def test_the_python_release_is_told_by_the_strongest_file(files: dict[str, str], specifier: str | None) -> None:
    found = python.detect(Memory(files))
    assert (found and found.value) == specifier


def test_a_tree_below_reads_above_and_never_outside() -> None:
    whole = Memory(
        {"a/b/main.py": "x", "a/b/c/n.py": "y", "a/uv.lock": "z", "ab/main.py": "w"}, escapes={"a/b/l": "/x"}
    )
    inner = views.below(whole, "a/b")
    assert (inner.name, list(inner.files), dict(inner.escapes)) == ("b", ["c/n.py", "main.py"], {"l": "/x"})
    assert list(views.below(inner, "c").files) == ["n.py"]
    assert views.upwards(inner, "uv.lock") == "../uv.lock"
    assert inner.read("../uv.lock") == b"z"
    assert views.upwards(whole, "uv.lock") is None
    assert [views.plain(inner, path) for path in ("../c", "../../a/c", "../../x", "n")] == [
        "../c",
        "../c",
        "../../x",
        "n",
    ]
    for path in ("../../../etc/passwd", "/etc/passwd", "../missing"):
        with pytest.raises(BadInput):
            inner.read(path)


def test_every_backend_is_listed_the_root_first() -> None:
    app = "from fastapi import FastAPI\napp = FastAPI()\n"
    tree = {"main.py": app, "requirements.txt": "fastapi"}
    for name in ("b", "a"):
        tree |= {f"services/{name}/main.py": app, f"services/{name}/requirements.txt": "fastapi"}
    tree |= {"examples/x/main.py": app, "e2e/stub/main.py": app, "frontend/index.js": ""}
    found = services.services(Memory(tree, name="shop"))
    assert [(one.value.name, one.value.folder, one.because) for one in found] == [
        ("shop", ".", "main.py:2"),
        ("a", "services/a", "services/a/main.py:2"),
        ("b", "services/b", "services/b/main.py:2"),
    ]


@pytest.mark.parametrize(("minor", "limit", "where"), [(12, "<3.12", "uv.lock"), (10, "<3.11", "app/main.py:2")])
def test_of_wheels_and_of_a_module_that_is_gone_the_older_release_counts(minor: int, limit: str, where: str) -> None:
    package = Package(name="a", version="1", files=(("a-1-cp311-cp311-manylinux_2_17_x86_64.whl", ""),))
    removed = Removed(minor=minor, where="app/main.py:2", said="imghdr is gone")
    found = python.detect(Memory({}), packages=[package], lock="uv.lock", removed=removed)
    assert found
    assert (found.value, found.because, len(found.others)) == (limit, where, 1)
