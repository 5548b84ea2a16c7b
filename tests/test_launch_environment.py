"""What the launcher makes of the environment, and what it refuses: everything at once, in a sentence."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from standins import PLAN, Container

from lading.model import Binding, Variable

pytestmark = pytest.mark.slow

LEVELS = "critical, error, warning, info, debug, trace"
VARIABLES = (
    Variable(name="SECRET_KEY", required=True, secret=True),
    Variable(name="PAGE_SIZE", type="int", default="20"),
    Variable(name="RATIO", type="float", default="0.5"),
    Variable(name="MODE", type="enum", allowed=("fast", "Safe")),
    Variable(name="PIN", type="int", secret=True),
    Variable(name="BROKER_HOST", required=True),
    Variable(name="NOTE"),
)


@pytest.fixture
def contract(container: Container) -> Container:
    return container.install(replace(PLAN, variables=VARIABLES))


REQUIRED = {"SECRET_KEY": "hush", "BROKER_HOST": "broker"}


# ── the server's own ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("env", "level"),
    [
        ({}, None),
        ({"LOG_LEVEL": ""}, None),
        ({"LOG_LEVEL": "warn"}, "WARNING"),
        ({"LOG_LEVEL": "warn", "LOGURU_LEVEL": "DEBUG"}, "DEBUG"),
    ],
    ids=str,
)
def test_loguru_hears_of_the_level_that_was_given(
    container: Container, env: Mapping[str, str], level: str | None
) -> None:
    assert container.run("serve", **env) == (0, "")
    assert container.called()[0]["env"].get("LOGURU_LEVEL") == level


@pytest.mark.parametrize(
    ("env", "host", "port", "level"),
    [
        ({"HOST": "::", "PORT": "9000", "LOG_LEVEL": "debug"}, "::", "9000", "debug"),
        ({"HOST": "", "PORT": "", "LOG_LEVEL": ""}, "0.0.0.0", "8000", "info"),
        ({"PORT": "0"}, "0.0.0.0", "0", "info"),
        ({"PORT": "65535"}, "0.0.0.0", "65535", "info"),
        ({"PORT": "08080"}, "0.0.0.0", "8080", "info"),
        ({"LOG_LEVEL": "INFO"}, "0.0.0.0", "8000", "info"),
        ({"LOG_LEVEL": "Warn"}, "0.0.0.0", "8000", "warning"),
        ({"LOG_LEVEL": "FATAL"}, "0.0.0.0", "8000", "critical"),
        ({"LOG_LEVEL": "trace"}, "0.0.0.0", "8000", "trace"),
    ],
    ids=str,
)
def test_the_environment_has_the_last_word(
    container: Container, env: Mapping[str, str], host: str, port: str, level: str
) -> None:
    assert container.run("serve", **env) == (0, "")
    assert container.called()[0]["argv"][1:7] == ["--host", host, "--port", port, "--log-level", level]


def test_the_variables_have_the_projects_own_names(container: Container) -> None:
    container.install(replace(PLAN, port=Binding(variable="SHOP_PORT", default="7000")))
    assert container.run(PORT="none of ours", SHOP_PORT="9000") == (0, "")
    assert container.run() == (0, "")
    assert [call["argv"][4] for call in container.called()] == ["9000", "7000"]
    assert container.run(SHOP_PORT="x") == (2, "lading: SHOP_PORT is `x`, and must be a port from 0 to 65535\n")


def test_the_folders_that_links_lead_to_are_made(container: Container, tmp_path: Path) -> None:
    """The image holds none of them: the volume that is mounted may be empty."""
    made, blocked = tmp_path / "volume" / "logs", tmp_path / "file" / "out"
    (tmp_path / "file").touch()
    container.install(replace(PLAN, app=replace(PLAN.app, folders=(str(made), str(blocked)))))
    said = "lading: /file/out, where the application writes, cannot be made: Not a directory\n"
    assert container.run("serve") == (0, said)
    assert made.is_dir()
    assert container.run("serve") == (0, said)


def test_what_is_empty_is_as_good_as_unset(container: Container) -> None:
    """`PORT=` in a file for Docker: an application that reads it as a number would not start."""
    assert container.run(HOST="", PORT="", LOG_LEVEL="", NOTE="") == (0, "")
    env = container.called()[0]["env"]
    assert [name for name in ("HOST", "PORT", "LOG_LEVEL") if name in env] == []
    assert env["NOTE"] == ""


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"PORT": "http"}, "PORT is `http`, and must be a port from 0 to 65535"),
        ({"PORT": "65536"}, "PORT is `65536`, and must be a port from 0 to 65535"),
        ({"PORT": "-1"}, "PORT is `-1`, and must be a port from 0 to 65535"),
        ({"PORT": '"8000"'}, 'PORT is `"8000"`, and must be a port from 0 to 65535'),
        ({"PORT": "٣"}, "PORT is `٣`, and must be a port from 0 to 65535"),
        ({"PORT": "9" * 5000}, f"PORT is `{'9' * 5000}`, and must be a port from 0 to 65535"),
        (
            {"PORT": "tcp://10.0.0.1:80"},
            (
                "PORT is `tcp://10.0.0.1:80`, and must be a port from 0 to 65535: a Service of Kubernetes sets it, "
                "`enableServiceLinks: false` stops that"
            ),
        ),
        ({"LOG_LEVEL": "loud"}, f"LOG_LEVEL is `loud`, and must be one of {LEVELS}"),
        (
            {"WEB_CONCURRENCY": "many"},
            "WEB_CONCURRENCY is `many`, and must be a number of processes, 1 or more, or auto",
        ),
        ({"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY is `0`, and must be a number of processes, 1 or more, or auto"),
        (
            {"WEB_CONCURRENCY": "9" * 5000},
            f"WEB_CONCURRENCY is `{'9' * 5000}`, and must be a number of processes, 1 or more, or auto",
        ),
        ({"LADING_MIGRATE": "yes"}, "LADING_MIGRATE is `yes`, and must be one of start, wait, off"),
        ({"LADING_WAIT_SECONDS": "-1"}, "LADING_WAIT_SECONDS is `-1`, and must be a number of seconds, 0 or more"),
        ({"LADING_WAIT_SECONDS": "nan"}, "LADING_WAIT_SECONDS is `nan`, and must be a number of seconds, 0 or more"),
        ({"LADING_WAIT_SECONDS": "1e9"}, "LADING_WAIT_SECONDS is `1e9`, and must be a number of seconds, 0 or more"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_value_that_cannot_be_used_is_said_in_a_sentence(
    container: Container, env: Mapping[str, str], said: str
) -> None:
    assert container.run(**env) == (2, f"lading: {said}\n")
    assert container.called() == []


@pytest.mark.parametrize(("usual", "given", "gets"), [
    ("INFO", "debug", "DEBUG"),
    ("info", "DEBUG", "debug"),
    ("Info", "dEbug", "dEbug"),
    ("INFO", "Warn", "WARN"),
])  # fmt: skip
def test_a_level_reaches_the_application_as_its_code_spells_it(
    container: Container, usual: str, given: str, gets: str
) -> None:
    container.install(replace(PLAN, log_level=Binding(variable="LOG_LEVEL", default=usual)))
    assert container.run(LOG_LEVEL=given) == (0, "")
    assert container.called()[0]["env"]["LOG_LEVEL"] == gets


# ── the application's ────────────────────────────────────────────────────────────────────────────────────────────────


def test_everything_that_is_wrong_is_said_at_once(contract: Container) -> None:
    assert contract.run(
        PORT="x", LOG_LEVEL="loud", PAGE_SIZE="ten", RATIO="half", MODE="slow", PIN="12a4", LADING_MIGRATE="on",
        LADING_WAIT_SECONDS="soon",
    ) == (
        2,
        (
            "lading: PORT is `x`, and must be a port from 0 to 65535"
            f"; LOG_LEVEL is `loud`, and must be one of {LEVELS}"
            "; LADING_MIGRATE is `on`, and must be one of start, wait, off"
            "; LADING_WAIT_SECONDS is `soon`, and must be a number of seconds, 0 or more"
            "; PAGE_SIZE is `ten`, and must be a whole number"
            "; RATIO is `half`, and must be a number"
            "; MODE is `slow`, and must be one of fast, Safe"
            "; PIN is something else, and must be a whole number"
            "; SECRET_KEY, BROKER_HOST are not set, and the application does not start without\n"
        ),
    )  # fmt: skip
    assert contract.called() == []


def test_good_values_reach_the_application_as_they_are(contract: Container) -> None:
    given = {"PAGE_SIZE": "-7", "RATIO": "1e-3", "MODE": "fast", "PIN": "0123", "NOTE": " a=b;c\nd "}
    assert contract.run(**REQUIRED, **given) == (0, "")
    env = contract.called()[0]["env"]
    assert {name: env[name] for name in given} == given


def test_a_word_of_few_is_spelled_as_the_code_spells_it(contract: Container) -> None:
    assert contract.run(**REQUIRED, MODE="SAFE") == (0, "")
    assert contract.called()[0]["env"]["MODE"] == "Safe"


@pytest.mark.parametrize("role", ["serve", "migrate", "check", "run"])
def test_every_role_wants_what_is_required(contract: Container, role: str) -> None:
    arguments = ("--", "true") if role == "run" else ()
    said = "lading: BROKER_HOST is not set, and the application does not start without\n"
    assert contract.run(role, *arguments, SECRET_KEY="x") == (2, said)


def test_a_required_variable_is_found_in_any_case(contract: Container) -> None:
    assert contract.run(secret_key="x", Broker_Host="y") == (0, "")


def test_a_file_that_the_application_reads_may_hold_what_is_required(container: Container) -> None:
    container.install(replace(PLAN, variables=VARIABLES, env_files=(".env", "config/.env.prod")))
    assert container.run()[0] == 2
    (container.app / ".env").touch()  # what the image has where the code fails without one
    assert container.run()[0] == 2
    (container.app / "config").mkdir()
    (container.app / "config" / ".env.prod").mkdir()  # what Docker makes of a file that is not there
    assert container.run()[0] == 2
    (container.app / ".env").write_text("SECRET_KEY=x\n")
    assert container.run() == (0, "")


def test_bytes_that_are_no_text_are_passed_on(contract: Container) -> None:
    odd = b"\xff\xfea".decode(errors="surrogateescape")
    assert contract.run(**REQUIRED, NOTE=odd) == (0, "")
    assert contract.called()[0]["env"]["NOTE"] == odd
    assert contract.run(**REQUIRED, PAGE_SIZE=odd) == (
        2, "lading: PAGE_SIZE is `\\udcff\\udcfea`, and must be a whole number\n",
    )  # fmt: skip


def test_an_environment_of_megabytes_is_passed_on(contract: Container) -> None:
    much = {f"NOTE_{number}": "x" * 100_000 for number in range(15)}
    assert contract.run(**REQUIRED, **much) == (0, "")
    env = contract.called()[0]["env"]
    assert {name: env[name] for name in much} == much
