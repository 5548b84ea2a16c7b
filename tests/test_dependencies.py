"""Which file declares the dependencies, what it lists, and what is said of a list that is wrong."""

import pytest

from lading import dependencies
from lading.dependencies import requirement
from lading.errors import BadInput, NotFound
from lading.model import Dependencies, Fact
from lading.source import Memory

HASH = "--hash=sha256:" + "0" * 64


def found(**files: str) -> Dependencies:
    return dependencies.find(Memory({name.replace("_", "."): text for name, text in files.items()})).value


@pytest.mark.parametrize(
    ("text", "requirements"),
    [
        ("fastapi\n\n# comment\nuvicorn[standard]>=0.30  # server\n", ("fastapi", "uvicorn[standard]>=0.30")),
        ("fastapi ; python_version >= '3.11'\n", ("fastapi ; python_version >= '3.11'",)),
        ("fastapi\\\n>=0.110 \\\n\nuvicorn", ("fastapi >=0.110", "uvicorn")),
        ("a @ https://example.org/a-1.0.tar.gz#sha256=00\n", ("a @ https://example.org/a-1.0.tar.gz#sha256=00",)),
        ("git+https://example.org/a.git@main#egg=a\n", ("git+https://example.org/a.git@main#egg=a",)),
        ("-e ./libs/core[extra]\n--editable=.\n./wheels/a-1.0-py3-none-any.whl\n",
         ("-e ./libs/core[extra]", "-e .", "./wheels/a-1.0-py3-none-any.whl")),
        ("-i https://example.org/simple\n--no-binary :all:\nfastapi\n", ("fastapi",)),
        ("fastapi\nfastapi\n", ("fastapi",)),
    ],
)  # fmt: skip
def test_a_line_of_requirements_txt_is_read_as_pip_reads_it(text: str, requirements: tuple[str, ...]) -> None:
    assert found(requirements_txt=text).requirements == requirements


@pytest.mark.parametrize(
    ("text", "locked"),
    [
        (f"a==1.0 {HASH}\nb==2.0 \\\n    {HASH} \\\n    {HASH}\n", True),
        (f"a==1.0 ; sys_platform == 'linux' {HASH}\n", True),
        (f"a==1.0 {HASH}\nb==2.0\n", False),
        (f"a>=1.0 {HASH}\n", False),
        (f"a>=1 ; python_version == '3.11' {HASH}\n", False),
        (f"a===1.0 {HASH}\n", False),
        (f"a==1.0 {HASH}\n-e .\n", False),
    ],
)
def test_a_list_is_locked_when_every_line_is_pinned_and_hashed(text: str, locked: bool) -> None:
    assert found(requirements_txt=text).locked is locked


def test_a_list_in_utf_16_is_read() -> None:
    source = Memory({"requirements.txt": "fastapi\r\nuvicorn\r\n".encode("utf-16")})
    assert dependencies.find(source).value.requirements == ("fastapi", "uvicorn")


def test_an_included_file_is_found_beside_the_one_that_includes_it() -> None:
    files = {
        "requirements.txt": "-r deploy/all.txt\n",
        "deploy/all.txt": "-rbase.txt\n--requirement ../x.txt\n",
        "deploy/base.txt": "a\n-r all.txt\n",
        "x.txt": "b\n--constraint=c.txt",
        "c.txt": "d==1\n",
    }
    source = Memory(files)
    assert dependencies.find(source) == Fact(
        Dependencies(
            manager="requirements",
            files=("requirements.txt", "deploy/all.txt", "deploy/base.txt", "x.txt", "c.txt"),
            requirements=("a", "b"),
            locked=False,
        ),
        "requirements.txt",
    )


def test_an_included_link_out_of_the_tree_is_refused() -> None:
    source = Memory({"requirements.txt": "a\n-r shared.txt\n"}, escapes={"shared.txt": "/etc/shared.txt"})
    with pytest.raises(BadInput) as caught:
        dependencies.find(source)
    assert str(caught.value) == "requirements.txt:2: includes `shared.txt`, which is outside the project"


@pytest.mark.parametrize("name", ["requirements-dev.txt", "requirements/test.txt", "dev-requirements.txt"])
def test_a_list_for_development_is_never_taken(name: str) -> None:
    with pytest.raises(NotFound):
        dependencies.find(Memory({name: "pytest\n"}))


def test_a_list_of_nothing_leaves_the_word_to_pyproject() -> None:
    text = '[project]\nname = "x"\ndependencies = ["fastapi"]\n'
    assert found(requirements_txt="# see pyproject.toml\n", pyproject_toml=text).manager == "pyproject"


def test_a_list_of_strings_is_wanted_in_pyproject() -> None:
    with pytest.raises(BadInput) as caught:
        found(pyproject_toml='[project]\nname = "x"\ndependencies = "fastapi"\n')
    assert str(caught.value) == "pyproject.toml:3: `dependencies` must be a list of strings"


@pytest.mark.parametrize(
    ("table", "seen"),
    [
        ('[project]\nname = "x"\n', "(it has no `[project] dependencies`)"),
        ('[project]\nname = "x"\ndynamic = ["dependencies"]\n', "(its dependencies are dynamic: the build back end"),
        ('[tool.poetry.dependencies]\npython = "^3.11"\n', "(it has no `[project] dependencies`)"),
        ("tool = 3\nproject = 4\n", "(it has no `[project] dependencies`)"),
    ],
)
def test_what_pyproject_has_instead_is_said(table: str, seen: str) -> None:
    with pytest.raises(NotFound) as caught:
        found(pyproject_toml=table)
    assert seen in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Fast_API[All, standard]>=1", ("fast-api", {"all", "standard"})),
        ("a.b ; python_version > '3'", ("a-b", set())),
        ("a @ https://example.org/x.whl", ("a", set())),
        ("git+https://example.org/a.git#egg=My_Tool", ("my-tool", set())),
        ("./libs/core", ("", set())),
        ("-e .", ("", set())),
    ],
)
def test_the_name_of_a_requirement(text: str, name: tuple[str, set[str]]) -> None:
    found, extras = requirement.name(text)
    assert (found, set(extras)) == name
