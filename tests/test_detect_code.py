"""What is read of code without parsing it."""

import pytest

from lading.detect import routes_quiet, syntax
from lading.detect.code import Code
from lading.detect.imports import Imported, read
from lading.source import Memory


def test_statements_that_share_a_line() -> None:
    assert [one.module for one in read(b"import a; import b\nimport c\n", {})] == ["a", "c"]


def test_imports_of_all_forms() -> None:
    text = b"from ..a.b import (\n  c,  # one\n  d as e,\n)\nif x:\n    import f.g as h, i\n# import no\nx = 'import'\n"
    assert list(read(text, {})) == [
        Imported("a.b", "c", 2), Imported("a.b", "d", 2), Imported("f.g", None, 0), Imported("i", None, 0),
    ]  # fmt: skip


def test_lines_of_millions_of_bytes_are_passed_over() -> None:
    assert list(read(b"import a\nx = '" + b"import " * 200_000 + b"'\nimport b", {}))[1:] == [Imported("b", None, 0)]


def test_words_are_found_in_whichever_block_they_are() -> None:
    tree = {f"a/m{n:03}.py": f"value_{n} = call({n})\n" for n in range(100)}
    code = Code(Memory({**tree, "z.py": "import os\nos.environ['X']\n"}))
    assert code.holding(b"alue_77 ") == ("a/m077.py",)
    assert code.holding(b"os.environ[", b"value_3 =") == ("a/m003.py", "z.py")
    assert code.holding(b"call(x") == ()
    assert code.having({"a/m001.py", "z.py"}, b"call(", b"nothing") == ["a/m001.py"]


def _quiet(text: str) -> bool:
    return routes_quiet.quiet(text.encode())


_ORDERS = 'router = APIRouter(prefix="/orders")\n\n@router.get("/")\ndef orders(): ...\n'


def test_routers_of_a_subject_are_quiet() -> None:
    assert _quiet(_ORDERS)
    assert _quiet('r: APIRouter = APIRouter(tags=["a"])\n\n@r.post(\n    "/things",\n)\ndef make(): ...\n')


def test_routers_that_may_tell_are_not() -> None:
    assert not _quiet(_ORDERS.replace("orders", "health"))
    assert not _quiet(_ORDERS.replace('"/")', '"/live")'))
    assert not _quiet(_ORDERS.replace('"/")', "PATH)"))
    assert not _quiet(_ORDERS.replace('prefix="/orders"', "prefix=PREFIX"))
    assert not _quiet(_ORDERS.replace('prefix="/orders"', 'tags=["a"]'))  # it may be the root
    assert not _quiet(_ORDERS + '\n@app.get("/x")\ndef x(): ...\n')
    assert not _quiet('@router.get("/x")\ndef x(): ...\n')


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    x = 1\nexcept OSError, json.JSONDecodeError:\n    x = 2\n",
        "async def first[T: list[int]](a: T) -> T:\n    return a\n",
        "class Page[T]:\n    items: list[T]\n",
        "type Ids[T] = list[T]\nx = 1\n",
        'x = call(\n    f"{user["name"]} {user["age"]}",\n)\n',
        'x = t"{name}"\n',
    ],
)
def test_syntax_of_newer_releases_is_read(text: str) -> None:
    assert syntax.parse(text.encode())


@pytest.mark.parametrize("text", ["print 'a'\n", "try:\n    x\nexcept E, e:\n    pass\n", "def f(:\n", "x = f(\n"])
def test_what_no_release_reads_is_refused(text: str) -> None:
    with pytest.raises(SyntaxError):
        syntax.parse(text.encode())
