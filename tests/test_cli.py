"""The command line as its user sees it: status, standard output and standard error, whole."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import lading.cli

APP = "from fastapi import FastAPI\napp = FastAPI()\n"
REQUIREMENTS = "fastapi\nuvicorn\n"

Tree = Callable[[Mapping[str, str]], Path]
Lading = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A folder with the files of a mapping."""

    def make(files: Mapping[str, str]) -> Path:
        folder = tmp_path / "backend"
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    return make


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lading:
    """lading with arguments → status, standard output, standard error."""
    monkeypatch.setenv("COLUMNS", "100")
    for name in [name for name in os.environ if name.startswith("LADING_")]:
        monkeypatch.delenv(name)

    def lading_(*argv: object) -> tuple[int, str, str]:
        status = lading.cli.main([str(word) for word in argv])
        said = capsys.readouterr()
        return status, said.out, said.err

    return lading_


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as stopped:
        lading.cli.main(["--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines() if line.startswith("    ")] == list(lading.cli.COMMANDS)


@pytest.mark.parametrize("command", lading.cli.COMMANDS)
def test_each_command_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        lading.cli.main([command, "--help"])
    assert f"example: {'docker run' if command == 'build' else f'lading {command}'}" in capsys.readouterr().out


def test_help_and_import_load_nothing_heavy() -> None:
    code = (
        "import sys, lading, lading.cli\ntry: lading.cli.main(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"msgspec", "rich", "packaging", "pysequoia", "zlib_ng", "urllib.request", "http.client", "lading.stages"}
    assert heavy & set(done.stdout.splitlines()[-1].split()) == set()


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_application(tree: Tree, run: Lading) -> None:
    assert run("ship", tree({"requirements.txt": REQUIREMENTS, "main.py": "print('hello')\n"})) == (
        2,
        "",
        "error: no FastAPI application found: looked for `app = FastAPI()` at the top of a module, and for a function "
        "that returns one, in 1 Python file\n"
        "\n"
        'hint: name it with `application = "package.module:app"` under `[tool.lading]` in pyproject.toml\n',
    )


def test_two_applications(tree: Tree, run: Lading) -> None:
    assert run("ship", tree({"requirements.txt": REQUIREMENTS, "a.py": APP, "b.py": APP})) == (
        2,
        "",
        "error: there are 2 FastAPI applications, and nothing says which one to serve: `a:app` (a.py:2), "
        "`b:app` (b.py:2)\n"
        "\n"
        'hint: choose with `application = "a:app"` under `[tool.lading]` in pyproject.toml\n',
    )


def test_a_syntax_error(tree: Tree, run: Lading) -> None:
    assert run("ship", tree({"requirements.txt": REQUIREMENTS, "main.py": APP + "def broken(:\n"})) == (
        2,
        "",
        "error: main.py:3: the application's own file cannot be parsed: invalid syntax\n"
        "\n"
        "hint: mend it, or name another application with the key `application`\n",
    )


def test_an_unreadable_file(tree: Tree) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP})
    (folder / "main.py").chmod(0)
    # Root reads everything by two capabilities, which it gives up here.
    humble = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    argv = [*humble, sys.executable, "-m", "lading", "ship", str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "error: main.py: cannot be read: Permission denied\n"
        "\n"
        "hint: give this user permission to read it, or exclude it with `[tool.lading] exclude`\n",
    )


def test_a_link_out_of_the_tree(tree: Tree, run: Lading, tmp_path: Path) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP})
    (folder / "secrets").symlink_to("../elsewhere")
    (tmp_path / "elsewhere").write_text("not ours")
    assert run("build", folder, "--mirror", "http://127.0.0.1:9/debian", "--cache", tmp_path / "cache", "--quiet") == (
        2,
        "",
        "error: secrets: is a link to `../elsewhere`, which is outside the project or does not exist\n"
        "\n"
        "hint: replace it by what it points to, or leave it out with `[tool.lading] exclude`\n",
    )


@pytest.mark.slow
def test_a_folder_of_20_000_files(tree: Tree, run: Lading) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "app/main.py": APP})
    for number in range(200):
        (folder / f"data/{number}").mkdir(parents=True)
        for file in range(100):
            (folder / f"data/{number}/{file}.py").touch()
    start = time.monotonic()
    status, out, err = run("inspect", folder, "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["application"]["value"]["target"] == "app.main:app"
    assert time.monotonic() - start < 30  # ten times what it may take: a guard against a square, not a measurement


@pytest.mark.network
def test_a_requirement_that_does_not_exist(tree: Tree, run: Lading, tmp_path: Path) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS + "lading-test-no-such-thing==1.0\n", "main.py": APP})
    assert run("ship", folder, "--cache", tmp_path / "cache", "--quiet") == (
        2,
        "",
        "error: requirements.txt:3: there is no `lading-test-no-such-thing` in the package index\n"
        "\n"
        "hint: is the name right?\n",
    )


@pytest.mark.slow
def test_no_network(tree: Tree, run: Lading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP})
    cache = tmp_path / "cache"
    status, out, err = run("ship", folder, "--mirror", "http://127.0.0.1:9/debian", "--cache", cache, "--quiet")
    assert (status, out) == (3, "")
    assert err in {
        "error: `http://127.0.0.1:9/debian/dists/trixie/InRelease` cannot be reached: Connection refused\n"
        "\n"
        "hint: check the network, or the proxy variables\n",
        "error: the package index cannot be reached: connection refused (os error 111)\n"
        "\n"
        "hint: check the network, the proxy variables, or the index that uv is told to use\n",
    }


@pytest.mark.network
@pytest.mark.namespaces
def test_a_full_disk(tmp_path: Path) -> None:
    """A real one, of 8 MB, in a mount namespace of the test's own."""
    full = tmp_path / "full"
    full.mkdir()
    example = Path(__file__).parent.parent / "examples" / "task-list"
    script = (
        f"mount -t tmpfs -o size=8m tmpfs {full} && exec {sys.executable} -m lading build {example} -q --cache {full}/c"
    )
    flags = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    done = subprocess.run(["unshare", *flags, "sh", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    lines = done.stderr.splitlines()
    assert lines[0].startswith(f"error: no space left on the disk of `{full}/c/")
    assert lines[1:] == ["", "hint: free some, or put the cache elsewhere with `--cache DIR`"]


def test_an_unknown_setting(tree: Tree, run: Lading) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP, "lading.toml": "size_limit = '1MB'\n"})
    assert run("inspect", folder) == (
        2,
        "",
        "error: lading.toml: there is no setting `size_limit`\n\nhint: did you mean `size-limit`?\n",
    )


def test_a_bug_of_ours_says_so(tree: Tree, run: Lading, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken(*_: object) -> None:
        raise ZeroDivisionError("no")

    monkeypatch.setattr("lading.stages.inspect", broken)
    status, out, err = run("inspect", tree({"main.py": APP}))
    (kept,) = tmp_path.glob("lading-bug-*.txt")
    assert (status, out) == (4, "")
    assert err == (
        "error: this is a bug of lading: ZeroDivisionError: no\n"
        "\n"
        f"hint: please report it with `{kept}`, which holds the traceback\n"
    )
    assert "in broken" in kept.read_text()


# ── init ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_init_is_no_matter_of_our_own_base(tree: Tree, run: Lading) -> None:
    """Docker builds what it writes, on an image that has the project's Python."""
    manifest = '[project]\nname = "old"\nrequires-python = "==3.12.*"\ndependencies = ["fastapi", "uvicorn"]\n'
    folder = tree({"pyproject.toml": manifest, "main.py": APP})
    assert run("init", folder)[0] == 0
    assert "\nARG PYTHON_IMAGE=python:3.12-slim\n" in (folder / "Dockerfile").read_text()
    status, _, err = run("build", folder)
    assert (status, err.partition("\n")[0]) == (
        2,
        "error: pyproject.toml:3: no release of Debian has a Python that the project allows: trixie has 3.13.5, "
        "bookworm has 3.11.2",
    )  # fmt: skip


def test_init_writes_and_is_content_with_what_it_wrote(tree: Tree, run: Lading) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP})
    assert run("init", folder, "--check")[0] == 1
    assert sorted(path.name for path in folder.iterdir()) == ["main.py", "requirements.txt"]
    status, out, err = run("init", folder)
    assert (status, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["new", path]
        for path in (
            "Dockerfile", ".dockerignore", ".lading/launch/", ".lading/launch.json",
            ".lading/stripper", ".lading/launch.dev.json",
            "compose.yaml", "compose.override.yaml", ".env.example", "DOCKER.md", ".lading/written.json",
        )
    ]  # fmt: skip
    assert run("init", folder, "--check")[0] == 0


def test_init_makes_secrets_once_and_for_their_owner_alone(tree: Tree, run: Lading) -> None:
    main = 'import os\nKEY = os.environ["SECRET_KEY"]\n' + APP
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": main})
    assert run("init", folder, "--check")[0] == 1
    assert not (folder / ".secrets").exists()
    _, out, _ = run("init", folder)
    assert out.splitlines()[-1].split() == ["secret", ".secrets/secret_key"]
    key = folder / ".secrets" / "secret_key"
    assert re.fullmatch("[0-9a-f]{48}", key.read_text())
    assert (key.parent.stat().st_mode & 0o777, key.stat().st_mode & 0o777) == (0o700, 0o644)
    assert (folder / ".secrets" / ".gitignore").read_text() == "*\n"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    listed = subprocess.run(
        ["git", "-C", str(folder), "status", "--short", "-uall"], capture_output=True, text=True, check=True
    ).stdout
    assert "compose.yaml" in listed
    assert ".secrets" not in listed
    kept = key.read_text()
    assert "secret" not in run("init", folder)[1]
    assert key.read_text() == kept


def test_init_warns_of_a_secret_that_would_be_sent(tree: Tree, run: Lading) -> None:
    token = "ghp_" + "a1B2" * 9
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": f"{APP}TOKEN = '{token}'\n"})
    status, _, err = run("init", folder)
    assert (status, err) == (
        0,
        "warning: main.py:3 holds a GitHub token, and would reach the builder\n"
        "hint: let the code read it from the environment, and change it: it may be in the history of git\n",
    )


def test_init_keeps_what_was_edited_and_shows_the_difference(tree: Tree, run: Lading) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP})
    run("init", folder)
    edited = (folder / "Dockerfile").read_text() + "# mine\n"
    (folder / "Dockerfile").write_text(edited)
    status, out, _ = run("init", folder, "--diff")
    assert status == 0
    assert "edited" in out
    assert "-# mine" in out
    run("init", folder)
    assert (folder / "Dockerfile").read_text() == edited
    run("init", folder, "--force")
    assert (folder / "Dockerfile").read_text() == edited.removesuffix("# mine\n")


def test_init_removes_a_module_that_is_no_more_and_tells_of_what_it_keeps(tree: Tree, run: Lading) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP})
    run("init", folder)
    former = (".lading/launcher/one.py", ".lading/launcher/two.py", "deploy/Dockerfile")
    record = json.loads((folder / ".lading/written.json").read_text())
    for path in former:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("x = 1\n")
        record[path] = hashlib.sha256(b"x = 1").hexdigest()
    (folder / ".lading/written.json").write_text(json.dumps(record))
    status, out, _ = run("init", folder, "--check", "--json")
    rows = {row["path"]: (row["state"], row["writes"], row["removes"]) for row in json.loads(out)}
    assert (status, rows[former[0]], rows[former[2]]) == (1, ("gone", False, True), ("left", False, False))
    assert (folder / former[0]).exists()
    _, out, _ = run("init", folder)
    assert (
        f"gone      {former[0]}\ngone      {former[1]}\nleft      {former[2]}\n" + " " * 10 + "lading wrote it" in out
    )
    assert (folder / former[2]).exists()
    assert not (folder / ".lading/launcher").exists()
    assert run("init", folder, "--check")[0] == 0


@pytest.mark.parametrize("inside", [True, False])
def test_init_goes_through_no_link(tree: Tree, run: Lading, tmp_path: Path, inside: bool) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP, "app/x.py": "x = 1\n"})
    run("init", folder)
    record = json.loads((folder / ".lading/written.json").read_text())
    if inside:
        (folder / ".lading/one").symlink_to("../app")
        record[".lading/one/x.py"] = hashlib.sha256(b"x = 1").hexdigest()
    else:
        shutil.rmtree(folder / ".lading/launch")
        (tmp_path / "elsewhere").mkdir()
        (folder / ".lading/launch").symlink_to(tmp_path / "elsewhere")
    (folder / ".lading/written.json").write_text(json.dumps(record))
    status, _, err = run("init", folder)
    assert (folder / "app/x.py").exists()
    if not inside:
        assert (status, "is a link to another place" in err) == (2, True)
        assert list((tmp_path / "elsewhere").iterdir()) == []


def test_init_writes_what_a_link_of_the_project_leads_to(tree: Tree, run: Lading) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP})
    run("init", folder)
    (folder / "ops").mkdir()
    (folder / "compose.yaml").rename(folder / "ops/stack.yaml")
    (folder / "compose.yaml").symlink_to("ops/stack.yaml")
    assert run("init", folder, "--port", "9001")[0] == 0
    assert (folder / "compose.yaml").is_symlink()
    assert "9001" in (folder / "ops/stack.yaml").read_text()


def test_init_leaves_the_mode_of_a_file(tree: Tree, run: Lading) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP})
    assert run("init", folder)[0] == 0
    (folder / "compose.yaml").chmod(0o600)
    assert run("init", folder, "--port", "9001")[0] == 0
    assert "9001" in (folder / "compose.yaml").read_text()
    assert (folder / "compose.yaml").stat().st_mode & 0o777 == 0o600
    assert (folder / "Dockerfile").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("force", [(), ("--force",)])
@pytest.mark.parametrize("what", ["a link to another place", "a folder"])
def test_init_writes_nothing_where_what_stands_in_a_place_is_no_file_of_the_project(
    tree: Tree, run: Lading, tmp_path: Path, what: str, force: tuple[str, ...]
) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP})
    if what == "a folder":
        (folder / "compose.yaml").mkdir()
    else:
        (tmp_path / "mine.yaml").write_text("mine\n")
        (folder / "compose.yaml").symlink_to(tmp_path / "mine.yaml")
    status, _, err = run("init", folder, *force)
    assert (status, f"compose.yaml: is {what}" in err) == (2, True)
    assert not (folder / "Dockerfile").exists()
    assert what == "a folder" or (folder / "compose.yaml").read_text() == "mine\n"


@pytest.mark.parametrize("text", ["[" * 100_000, "{"])
def test_a_record_that_nobody_can_read_stops_init(tree: Tree, run: Lading, text: str) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP, ".lading/written.json": text})
    status, _, err = run("init", folder)
    assert (status, "is not JSON" in err) == (2, True)


# ── plan ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_plan_is_taken_back(tree: Tree, run: Lading, tmp_path: Path) -> None:
    folder = tree({"requirements.txt": REQUIREMENTS, "main.py": APP})
    _, plan, _ = run("plan", folder, "--json", "--port", "9001")
    (tmp_path / "plan.json").write_text(plan.replace('"version": 1', '"version": 99'))
    status, out, err = run("build", folder, "--plan", tmp_path / "plan.json")
    assert (status, out) == (2, "")
    assert "version" in err
    assert json.loads(plan)["port"]["default"] == "9001"


def test_an_unknown_flag_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        lading.cli.main(["inspect", ".", "--port-variabel", "X"])
    assert stopped.value.code == 2
    assert "error: there is no `--port-variabel`: did you mean `--port-variable`?" in capsys.readouterr().err
