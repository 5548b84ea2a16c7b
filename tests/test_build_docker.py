"""Docker's builder: its commands are values, its failures are told, and the real one's image is read back."""

import io
import json
import os
import stat
import tarfile
from pathlib import Path

import pytest
import values

from lading import command
from lading.build import docker
from lading.checks.image import held
from lading.command import Command, Done
from lading.errors import BadInput, Error, Outside
from lading.model import Image
from lading.oci import archive, contents, digest, image, layer
from lading.source import Directory, Memory

DOCKERFILE = 'FROM python:3.12-slim\nCOPY . /app\nRUN rm /app/gone.txt\nUSER 1000:1000\nCMD ["python"]\n'
SOURCE = Memory({"app/main.py": "print('hello')", "README.md": "no", "app/tests/test_it.py": "", "gone.txt": "x"})


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            docker.build_command("/bin/docker", context=b"tar", identifier=Path("id")),
            Command(
                argv=("/bin/docker", "build", "--progress", "plain", "--iidfile", "id", "-"),
                stdin=b"tar",
                env={"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"},
                timeout=3600,
            ),
        ),
        (
            docker.build_command("docker", context=b"", identifier=Path("id"), file="docker/Dockerfile", target="dev"),
            Command(
                argv=(
                    "docker", "build", "--progress", "plain", "--iidfile", "id", "--file", "docker/Dockerfile",
                    "--target", "dev", "-",
                ),
                stdin=b"",
                env={"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"},
                timeout=3600,
            ),
        ),
        (
            docker.build_command(
                "docker", context=b"tar", identifier=Path("id"), tag="acme/api", platform="linux/arm64"
            ),
            Command(
                argv=(
                    "docker", "build", "--progress", "plain", "--iidfile", "id", "--tag", "acme/api:latest",
                    "--platform", "linux/arm64", "-",
                ),
                stdin=b"tar",
                env={"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"},
                timeout=3600,
            ),
        ),
        (
            docker.save_command("docker", "api", Path("a.tar")),
            Command(argv=("docker", "save", "--output", "a.tar", "api")),
        ),
        (
            docker.save_command("podman", "api", Path("a.tar")),
            Command(argv=("podman", "save", "--format", "docker-archive", "--output", "a.tar", "api")),
        ),
        (docker.load_command("podman", Path("a.tar")), Command(argv=("podman", "load", "--input", "a.tar"))),
    ],
)  # fmt: skip
def test_a_command_is_a_value(made: Command, expected: Command) -> None:
    assert made == expected


def test_the_context_is_what_the_plan_leaves_and_what_was_rendered(tmp_path: Path) -> None:
    (tmp_path / "app" / "tests").mkdir(parents=True)
    (tmp_path / "app" / "main.py").write_text("print(1)")
    (tmp_path / "app" / "tests" / "test_it.py").write_text("")
    (tmp_path / "run").write_text("#!/bin/sh\n")
    (tmp_path / "run").chmod(0o700)
    (tmp_path / "Dockerfile").write_text("FROM old")
    (tmp_path / ".env").write_text("SECRET=1")
    data = docker.context(
        values.PLAN, Directory(tmp_path), {"Dockerfile": "FROM new", ".lading/launch.json": b"{}", ".env.example": "A="}
    )
    with tarfile.open(fileobj=io.BytesIO(data)) as file:
        found = [
            (one.name, stat.filemode(one.mode), one.mtime, (file.extractfile(one) or io.BytesIO()).read())
            for one in file
        ]
    assert found == [
        (".lading", "?rwxr-xr-x", 1, b""),
        (".lading/launch.json", "?rw-r--r--", 1, b"{}"),
        ("Dockerfile", "?rw-r--r--", 1, b"FROM new"),
        ("app", "?rwxr-xr-x", 1, b""),
        ("app/main.py", "?rw-r--r--", 1, b"print(1)"),
        ("run", "?rwxr-xr-x", 1, b"#!/bin/sh\n"),
    ]


def test_the_context_is_the_same_bytes_from_every_folder(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for path in sorted(("one.py", "two.py", "three.py"), reverse=name == "b"):
            (tmp_path / name / path).write_text(path)
            os.utime(tmp_path / name / path, (len(name), len(path)))
    one, two = (docker.context(values.PLAN, Directory(tmp_path / name), {}) for name in ("a", "b"))
    assert one == two


def program(folder: Path, script: str) -> str:
    """A stand-in for an engine's command line."""
    folder.mkdir(parents=True)
    (folder / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "docker").chmod(0o755)
    return str(folder)


OLD = "echo 20.10.24 20.10.24"
NEW = "case $1 in version) echo 28.2.2 20.10.24;; buildx) echo v0.17;; esac"
NO_BUILDX = "case $1 in version) echo 28.2.2 20.10.24;; *) exit 1;; esac"
NO_DAEMON = 'echo "Cannot connect to the Docker daemon" >&2; exit 1'


@pytest.mark.parametrize(
    ("scripts", "chosen"),
    [((OLD,), 0), ((NEW, OLD), 0), ((NO_BUILDX, OLD), 1), ((NO_DAEMON, NO_BUILDX, NEW), 2)],
)
def test_the_first_docker_that_can_build_is_taken(
    scripts: tuple[str, ...], chosen: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [program(tmp_path / str(number), script) for number, script in enumerate(scripts)]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    assert docker.find() == str(tmp_path / str(chosen) / "docker")


@pytest.mark.parametrize(
    ("scripts", "message", "hint"),
    [
        (
            (),
            "Docker is not installed",
            "install Docker Engine 20.10 or newer, or build with `--builder native`, which needs no engine",
        ),
        (
            (NO_DAEMON, NO_BUILDX),
            "no Docker of this machine can build\n"
            "{0}/docker: Cannot connect to the Docker daemon\n"
            "{1}/docker: it lacks the plug-in buildx",
            "start or mend one, or build with `--builder native`, which needs no engine",
        ),
    ],
)
def test_without_a_docker_that_can_build_the_way_out_is_told(
    scripts: tuple[str, ...], message: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [program(tmp_path / str(number), script) for number, script in enumerate(scripts)]
    monkeypatch.setenv("PATH", os.pathsep.join(folders) or str(tmp_path))
    with pytest.raises(Outside) as error:
        docker.build(values.PLAN, SOURCE, {"Dockerfile": DOCKERFILE}, store=tmp_path / "store")
    assert (error.value.message, error.value.hint) == (message.format(*folders), hint)


def test_a_failed_build_shows_its_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'case $1 in version) echo 20.10.1 20;; build) seq 30 >&2; echo "exit code: 3" >&2; exit 1;; esac'
    monkeypatch.setenv("PATH", program(tmp_path / "bin", script) + os.pathsep + os.environ["PATH"])
    with pytest.raises(Outside) as error:
        docker.build(values.PLAN, SOURCE, {"Dockerfile": DOCKERFILE}, store=tmp_path / "store")
    lines = error.value.message.splitlines()
    assert (lines[0], lines[1], lines[-1], len(lines)) == (
        "the Dockerfile cannot be built", "12", "exit code: 3", 21,
    )  # fmt: skip


def small(store: Path) -> Image:
    made = layer.write([layer.Entry(path="hello", kind="file", data=b"hello\n")], store, made_by="a greeting & <more>")
    return image.make([made], platform="linux/amd64", config={"Cmd": ["/hello"]})


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (b"Loaded image: acme/api:latest\n", "acme/api:latest"),
        (b"Getting image source signatures\nLoaded image: localhost/api:latest\n", "localhost/api:latest"),
        (b"Loaded image(s): localhost/api:latest\n", "localhost/api:latest"),
        (b"Loaded image ID: sha256:12\n", "sha256:12"),
    ],
)
def test_what_was_loaded_is_called_as_the_engine_says(said: bytes, name: str, tmp_path: Path) -> None:
    asked = []

    def run(one: Command) -> Done:
        with tarfile.open(one.argv[-1]) as file:
            asked.append((one.argv[:-1], file.getnames()[0]))
        return Done(status=0, stdout=said, stderr=b"")

    assert docker.load(small(tmp_path), engine="podman", name="api", run=run) == name
    assert asked == [(("podman", "load", "--input"), "manifest.json")]


@pytest.mark.parametrize(
    ("name", "done", "kind", "message"),
    [
        ("--all", Done(status=0, stdout=b"", stderr=b""), BadInput, "`--all` is not the name of an image"),
        (
            "api", Done(status=1, stdout=b"", stderr=b"Error response from daemon: reference does not exist\n"),
            BadInput, "docker has no image `api`",
        ),
        (
            "api", Done(status=1, stdout=b"", stderr=b"Cannot connect to the Docker daemon\n"),
            Outside, "docker cannot save `api`\nCannot connect to the Docker daemon",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_is_told(name: str, done: Done, kind: type[Error], message: str, tmp_path: Path) -> None:
    with pytest.raises(kind) as error:
        docker.save(name, engine="docker", store=tmp_path, run=lambda _: done)
    assert (type(error.value), error.value.message) == (kind, message)


@pytest.mark.engine
def test_docker_builds_the_project_and_the_image_comes_back(tmp_path: Path) -> None:
    said: list[str] = []
    one = docker.build(
        values.PLAN, SOURCE, {"Dockerfile": DOCKERFILE}, tag="lading-test-build", store=tmp_path,
        progress=said.append,
    )  # fmt: skip
    inspect = Command(argv=(docker.find(), "image", "inspect", "lading-test-build"))
    found = json.loads(command.output(inspect))[0]
    assert one.digest == found["Id"]
    assert [each.diff_id for each in one.layers] == found["RootFS"]["Layers"]
    assert one.config["config"]["User"] == "1000:1000"
    assert one.layers[-1].made_by.startswith("RUN /bin/sh -c rm /app/gone.txt")
    merged = contents.load(one, lambda path: path.startswith("/app/")).files
    assert {path: file.data for path, file in merged.items() if path.startswith("/app/")} == {
        "/app/Dockerfile": DOCKERFILE.encode(),
        "/app/app": None,
        "/app/app/main.py": b"print('hello')",
    }
    assert said == [f"building with {docker.find()}", "reading the image back"]
    command.output(Command(argv=("docker", "rmi", "--force", one.digest)))


@pytest.mark.engine
def test_what_docker_says_of_a_broken_dockerfile_is_told(tmp_path: Path) -> None:
    files = {"Dockerfile": "FROM python:3.12-slim\nRUN echo why; exit 3\n"}
    with pytest.raises(Outside) as error:
        docker.build(values.PLAN, SOURCE, files, store=tmp_path)
    assert "why" in error.value.message
    assert "exit code: 3" in error.value.message


@pytest.mark.engine
@pytest.mark.parametrize("engine", ["docker", "podman"])
@pytest.mark.parametrize("name", ["lading-test-load:1", None])
def test_an_engine_takes_our_image_and_gives_the_same_back(
    engine: docker.Engine, name: str | None, tmp_path: Path
) -> None:
    one = small(tmp_path / "store")
    loaded = docker.load(one, engine=engine, name=name)
    back = docker.save(loaded, engine=engine, store=tmp_path / "other")
    assert back.digest == digest.of(image.config_bytes(one)) == digest.of(image.config_bytes(back))
    assert [each.diff_id for each in back.layers] == [each.diff_id for each in one.layers]
    assert [each.made_by for each in back.layers] == ["a greeting & <more>"]
    command.output(Command(argv=(engine, "rmi", "--force", loaded)))


@pytest.mark.engine
def test_podman_takes_an_oci_archive(tmp_path: Path) -> None:
    one = small(tmp_path / "store")
    archive.write(one, tmp_path / "image.tar", format="oci", name="lading-test-oci:1")
    command.output(docker.load_command("podman", tmp_path / "image.tar"))
    name = "localhost/lading-test-oci:1"
    asked = Command(argv=("podman", "image", "inspect", "--format", "{{.Digest}}", name))
    assert command.output(asked).strip() == one.digest
    command.output(Command(argv=("podman", "rmi", "--force", name)))


@pytest.mark.engine
def test_our_sizes_are_what_docker_and_podman_show(tmp_path: Path) -> None:
    name = "python:3.12-slim"
    engine = docker.find()
    image = docker.save(name, engine="docker", store=tmp_path)
    files = held(contents.load(image, lambda _: False))
    shown = command.output(Command(argv=(engine, "image", "inspect", "--format", "{{.Size}}", name)))
    driver = command.output(Command(argv=(engine, "info", "--format", "{{.Driver}}"))).strip()
    assert driver == "overlay2", "another store counts in another way"
    assert files == int(shown)
    # An entry costs a block, and the last block of a file is filled.
    assert 1.02 < image.size / files < 1.06
    loaded = docker.load(image, engine="podman", name="localhost/lading-test-sizes:1")
    try:
        shown = command.output(Command(argv=("podman", "image", "inspect", "--format", "{{.Size}}", loaded)))
        assert 0 <= int(shown) - image.size < 100_000, "the layers, and some JSON"
    finally:
        command.output(Command(argv=("podman", "image", "rm", "--force", loaded)))
