"""What the plan wants, what is there, what was written last → what becomes of each file."""

import hashlib
import json
from dataclasses import replace

import pytest
from values import PROJECT

from lading import plan, render, settings, written
from lading.errors import BadInput
from lading.model import Plan, Variable
from lading.render import drift
from lading.source import Memory

PLAN = plan.make(PROJECT, settings.load(Memory({}), {}, {}))


BASE = "one\ntwo\nthree\nfour\nfive\n"
FIFTH = BASE.replace("five", "5")
SECOND = BASE.replace("two", "2")


def digest(text: str) -> str:
    return hashlib.sha256(text.rstrip("\n").encode()).hexdigest()


@pytest.mark.parametrize(
    ("there", "written", "state", "writes", "drifted"),
    [
        (None, None, "new", True, True),
        (None, "ours\n", "new", True, True),
        ("ours\n", None, "same", False, False),
        ("ours\n", "ours\n", "same", False, False),
        ("ours\r\n", "old\n", "same", False, False),
        ("old\n", "old\n", "update", True, True),
        ("old\r\n", "old\n", "update", True, True),
        ("mine\n", "ours\n", "edited", False, False),
        ("mine\n", "old\n", "conflict", False, True),
        ("mine\n", None, "foreign", False, True),
    ],
)
def test_the_state_of_a_file(there: str | None, written: str | None, state: str, writes: bool, drifted: bool) -> None:
    record = {"Dockerfile": digest(written)} if written else {}
    change, _ = drift.compare({"Dockerfile": "ours\n"}, {"Dockerfile": there}, record)
    assert (change.state, change.writes, change.drifted, change.wanted) == (state, writes, drifted, "ours\n")
    assert change.why


@pytest.mark.parametrize(
    ("there", "wanted", "state", "stays"),
    [
        (FIFTH, SECOND, "merged", SECOND.replace("five", "5")),
        (FIFTH.replace("\n", "\r\n"), SECOND, "merged", SECOND.replace("five", "5").replace("\n", "\r\n")),
        (FIFTH, BASE.replace("five", "V"), "conflict", FIFTH),
        (SECOND.replace("five", "5"), SECOND, "edited", SECOND.replace("five", "5")),
        (BASE, SECOND, "update", SECOND),
        # A form feed and U+2028 part no lines, and a single end of Windows' makes no file of its kind.
        ("# a\x0cb\u2028c\n" + BASE, SECOND, "merged", "# a\x0cb\u2028c\n" + SECOND),
        (FIFTH.replace("5\n", "5\r\n"), SECOND, "merged", SECOND.replace("five", "5")),
    ],
)
def test_what_changes_is_merged_with_what_was_edited(there: str, wanted: str, state: str, stays: str) -> None:
    last = tuple(BASE.splitlines())
    change, record = drift.compare({"a": wanted}, {"a": there}, {"a": last})
    assert (change.state, change.wanted if change.writes else there) == (state, stays)
    assert change.drifted == (state != "edited")
    assert json.loads(record.wanted) == {"a": wanted.splitlines()}
    known = {"a": tuple(wanted.splitlines())}
    again, same = drift.compare({"a": wanted}, {"a": stays, record.path: record.wanted}, known)
    assert (again.state, same.state) == ("same" if stays == wanted else "edited", "same")
    forced, _ = drift.compare({"a": wanted}, {"a": there}, {"a": last}, force=True)
    assert (forced.writes, forced.wanted) == (True, wanted)


@pytest.mark.parametrize(("name", "state"), [("a.yaml", "conflict"), ("a.txt", "merged")])
def test_what_says_a_key_twice_is_no_merge_of_yaml(name: str, state: str) -> None:
    """Somebody had a service of that name before the plan had."""
    base = "services:\n  api:\n    image: api\n\nvolumes: {}\n"
    mine = base.replace("  api:", "  redis:\n    image: mine\n  api:")
    change, _ = drift.compare({name: base.replace("\nvol", "  redis:\n    image: redis:7\n\nvol")}, {name: mine},
                              {name: tuple(base.splitlines())})  # fmt: skip
    assert change.state == state


def test_what_we_never_wrote_is_never_merged() -> None:
    """The first `init` keeps it and tells; the next ones, when the plan changes, do no more than that."""
    first, record = drift.compare({"a": BASE}, {"a": FIFTH}, {})
    assert (first.state, json.loads(record.wanted)) == ("foreign", {"a": digest(BASE)})
    later, record = drift.compare({"a": SECOND}, {"a": FIFTH}, {"a": digest(BASE)})
    assert (later.state, later.writes) == ("conflict", False)
    assert json.loads(record.wanted) == {"a": digest(SECOND)}


def test_the_difference_is_from_what_is_there_to_what_is_wanted() -> None:
    change, _ = drift.compare({"a": "one\ntwo\n"}, {"a": "one\nmine\n"}, {})
    assert change.diff == "--- a\n+++ a (plan)\n@@ -1,2 +1,2 @@\n one\n-mine\n+two"
    new, _ = drift.compare({"a": "one\n"}, {}, {})
    assert new.diff == "--- /dev/null\n+++ a (plan)\n@@ -0,0 +1 @@\n+one"


def test_the_record_is_one_of_the_files() -> None:
    *_, record = drift.compare({"b": "2\n", "a": "1\n"}, {}, {})
    assert (record.path, record.state, record.writes) == (".lading/written.json", "new", True)
    assert json.loads(record.wanted) == {"a": ["1"], "b": ["2"]}
    *_, again = drift.compare({"b": "2\n", "a": "1\n"}, {record.path: record.wanted}, {})
    assert (again.state, again.writes) == ("same", False)


def apply(tree: dict[str, str | bytes], *, made: Plan = PLAN, force: bool = False) -> dict[str, str]:
    """One `lading init`: write what is to be written, and say what became of each file."""
    changes = drift.compare_source(made, Memory(tree), force=force)
    tree |= {change.path: change.wanted for change in changes if change.writes}
    for change in changes:
        if change.removes:
            del tree[change.path]
    return {change.path: change.state for change in changes}


def test_a_second_time_changes_nothing() -> None:
    tree: dict[str, str | bytes] = {}
    assert set(apply(tree).values()) == {"new"}
    assert set(tree) == {*render.files(PLAN), written.RECORD}
    assert set(apply(tree).values()) == {"same"}


def test_an_edit_is_spoken_of_once_each_time_that_ours_changes() -> None:
    tree: dict[str, str | bytes] = {}
    apply(tree)
    tree["Dockerfile"] = "FROM mine\n"
    assert apply(tree)["Dockerfile"] == "edited"
    record = json.loads(tree[written.RECORD])
    tree[written.RECORD] = json.dumps(record | {"Dockerfile": digest("what an older lading wrote\n")})
    assert apply(tree)["Dockerfile"] == "conflict"
    assert apply(tree)["Dockerfile"] == "edited"
    assert tree["Dockerfile"] == "FROM mine\n"
    assert apply(tree, force=True)["Dockerfile"] == "edited"
    assert tree["Dockerfile"] == render.files(PLAN)["Dockerfile"]


def test_a_project_that_changes_changes_what_was_edited_too() -> None:
    """Somebody gave the service more memory; then the code needs ffmpeg, and another port."""
    tree: dict[str, str | bytes] = {}
    apply(tree)
    limit = "mem_limit: 512m"
    there = str(tree["compose.yaml"])
    assert there.count(limit) == 1
    tree["compose.yaml"] = there.replace(limit, "mem_limit: 2g")
    flags = {"packages": ["ffmpeg"], "port": 9001}
    changed = plan.make(PROJECT, settings.load(Memory({}), flags, {}))
    assert apply(tree, made=changed)["compose.yaml"] == "merged"
    wanted = render.files(changed)
    assert tree["compose.yaml"] == wanted["compose.yaml"].replace(limit, "mem_limit: 2g")
    assert tree["Dockerfile"] == wanted["Dockerfile"] != render.files(PLAN)["Dockerfile"]
    assert {state for path, state in apply(tree, made=changed).items() if path != "compose.yaml"} == {"same"}


@pytest.mark.parametrize(
    ("path", "there", "state", "stays"),
    [
        (".lading/launcher/older.py", "ours\n", "gone", False),
        (".lading/launcher/older.py", "mine\n", "left", True),
        (".lading/launcher/older.py", b"\xff\xfe", "left", True),
        ("deploy/Dockerfile", "ours\n", "left", True),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_what_is_written_no_more(path: str, there: str | bytes, state: str, stays: bool, force: bool) -> None:
    tree: dict[str, str | bytes] = {}
    apply(tree)
    record = json.loads(tree[written.RECORD])
    tree |= {path: there, written.RECORD: json.dumps(record | {path: digest("ours\n"), "gone.txt": digest("ours\n")})}
    *_, former, last = drift.compare_source(PLAN, Memory(tree))
    assert (former.path, former.drifted, last.state) == (path, state == "gone", "update")
    assert former.why
    said = apply(tree, force=force)
    assert (said[path], path in tree, "gone.txt" in said) == (state, stays, False)
    # While it is as we wrote it, it is told again; what somebody edited is theirs from then on.
    assert set(apply(tree, force=force).values()) == ({"same", "left"} if there == "ours\n" and stays else {"same"})


def test_what_an_example_says_that_is_replaced_changes_nothing_afterwards() -> None:
    """What lading wrote is no evidence, so that the second look finds no example: the file must not say one."""
    shown = Variable(name="MODEL", required=True, example="m.bin")
    before, after = (replace(PLAN, variables=(*PLAN.variables, one)) for one in (shown, replace(shown, example=None)))
    assert render.files(before) == render.files(after)


def test_a_dockerfile_that_was_there_before_is_kept() -> None:
    tree: dict[str, str | bytes] = {"Dockerfile": "FROM mine\n"}
    assert apply(tree)["Dockerfile"] == "foreign"
    assert tree["Dockerfile"] == "FROM mine\n"
    assert apply(tree)["Dockerfile"] == "edited"


@pytest.mark.parametrize(
    ("path", "data", "message"),
    [
        (written.RECORD, "{", "is not JSON"),
        (written.RECORD, '{"Dockerfile": 1}', "must map paths to hashes or lines"),
        (written.RECORD, '{"Dockerfile": ["FROM a", 1]}', "must map paths to hashes or lines"),
        (written.RECORD, "[]", "must map paths to hashes or lines"),
        ("Dockerfile", b"\xff\xfe", "is not UTF-8 text"),
    ],
)
def test_what_cannot_be_read_stops_us(path: str, data: str | bytes, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        drift.compare_source(PLAN, Memory({path: data}))
    assert (caught.value.message, caught.value.where) == (message, path)
    assert caught.value.hint
