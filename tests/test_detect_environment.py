"""What the environment must hold: which readings are found, with which default, and without which nothing starts."""

from typing import Any

import pytest

from lading import settings
from lading.detect import detect
from lading.detect.environment import is_secret
from lading.model import Project, Variable
from lading.source import Memory

APP = "from fastapi import FastAPI\napp = FastAPI()\n"
PYDANTIC = "from pydantic_settings import BaseSettings, SettingsConfigDict\nfrom pydantic import *\n"
ONE = PYDANTIC + "class Settings(BaseSettings):\n    {}\nsettings = Settings()\n"


MANDATORY = (
    "import os\ndef env(key, *, mandatory=False, default=None):\n    value = os.getenv(key) or default\n"
    "    if mandatory and not value:\n        raise OSError(key)\n    return value\n"
)


def found(files: dict[str, str | bytes]) -> Project:
    source = Memory({"requirements.txt": "fastapi\nuvicorn\n", **files})
    return detect(source, settings.load(source, {}, {}))


def variables(code: str, **files: str) -> dict[str, Variable]:
    modules: dict[str, Any] = {f"{name}.py": text for name, text in files.items()}
    project = found({"main.py": code + APP, **modules})
    return {fact.value.name: fact.value for fact in project.environment}


@pytest.mark.parametrize(
    ("code", "name", "default", "required"),
    [
        ("import os\nos.environ['X']\n", "X", None, True),
        ("from os import environ as e\nx = e['X']\n", "X", None, True),
        ("import os\nenv = os.environ\nx = env['X']\n", "X", None, True),
        ("import os\nos.getenv('X')\n", "X", None, False),
        ("import os\nos.getenv('X', default='1')\n", "X", "1", False),
        ("import os\nx = os.getenv('X') or 'y'\n", "X", "y", False),
        ("import os\nNAME = 'X'\nos.environ[NAME]\n", "X", None, True),
        ("import os\nx = os.getenv('X')\nassert x\n", "X", None, True),
        ("import os\nx = os.getenv('X')\nif x is None:\n    raise KeyError\n", "X", None, True),
        ("import os\nx = os.getenv('X')\nif x is None:\n    x = 'default'\n", "X", None, False),
        ("import os\nx = os.getenv('X', 'd')\nif not x:\n    raise KeyError\n", "X", "d", False),
        ("import os\nx, y = 1, os.getenv('Y')\nif not all([x, y]):\n    raise KeyError\n", "Y", None, True),
        ("import os\nx = os.getenv('X')\nif not all([1, x]):\n    raise KeyError\n", "X", None, True),
        ("import os, sys\nx = os.getenv('X')\nif not x:\n    sys.exit(1)\n", "X", None, True),
        ("import os\nx = os.getenv('X').split(',')\n", "X", None, True),
        ("import os\nx = os.getenv('X', '').split(',')\n", "X", "", False),
        ("import os\nif os.getenv('Y'):\n    os.environ['X']\n", "X", None, False),
        ("import os\nif not os.getenv('Y'):\n    os.environ['X']\n", "X", None, True),
        ("import os\nif __name__ == '__main__':\n    os.environ['X']\n", "X", None, False),
        ("import os\ndef never():\n    return os.environ['X']\n", "X", None, False),
        ("import os\ndef at_once():\n    return os.environ['X']\nat_once()\n", "X", None, True),
        ("import os\nclass A:\n    def __init__(self):\n        self.x = os.environ['X']\nA()\n", "X", None, True),
        ("import os\ntry:\n    os.environ['X']\nexcept KeyError:\n    raise SystemExit(1)\n", "X", None, True),
        ("import os\ntry:\n    os.environ['X']\nexcept KeyError:\n    pass\n", "X", None, False),
        ("import os\ndef env(name, *rest):\n    return os.environ[f'APP_{name}']\nenv('X')\n", "APP_X", None, True),
        ("import os\nfrom dotenv import dotenv_values as d\nc = {**d(), **os.environ}\nc['X']\n", "X", None, True),
        ("from sqlalchemy import create_engine\nimport os\ncreate_engine(os.getenv('X'))\n", "X", None, True),
        ("from decouple import config\nx = config('X')\n", "X", None, True),
        ("import decouple\nx = decouple.config('X', cast=str)\n", "X", None, True),
        ("import decouple\nx = decouple.config('X', default='d')\n", "X", "d", False),
        (MANDATORY + "env('X', default=None)\n", "X", None, False),
        (MANDATORY + "env('X', mandatory=True)\n", "X", None, True),
        (MANDATORY.replace("if mandatory and", "if not mandatory and") + "env('X')\n", "X", None, True),
        (MANDATORY.replace("mandatory and ", "") + "env('X')\n", "X", None, True),
        (ONE.format("x: int"), "X", None, True),
        (ONE.format("x: int = 60 * 24"), "X", "1440", False),
        (ONE.format("x: str | None = None"), "X", None, False),
        (ONE.format("x: str | None"), "X", None, True),
        (ONE.format("x: str = Field(alias='Y')"), "Y", None, True),
        (ONE.format("x: str = Field('d', validation_alias='y')"), "Y", "d", False),
        (ONE.format("x: str = Field(env='Y')"), "X", None, True),
        (ONE.format("x: list[str] = Field(default_factory=list)"), "X", None, False),
        (ONE.format("x: Annotated[str, Field('d', alias='Y')]"), "Y", "d", False),
        (ONE.format("x: Annotated[str, Field(alias='Y')]"), "Y", None, True),
        (ONE.format("x: str = ...").replace("...", "Field(...)"), "X", None, True),
        (ONE.format("x: str").replace("Settings()", "Settings(x='given')"), "X", None, False),
        (ONE.format("x: str").replace("Settings()", "Settings(**{'x': 'given'})"), "X", None, False),
    ],
)  # fmt: skip
def test_a_variable_is_read(code: str, name: str, default: str | None, required: bool) -> None:
    variable = variables(code)[name]
    assert (variable.default, variable.required) == (default, required)


@pytest.mark.parametrize(
    ("startup", "required"),
    [
        ("@app.on_event('startup')\nasync def go():\n    need()\n", True),
        ("app = FastAPI(lifespan=life)\n", True),
        ("@app.on_event('shutdown')\nasync def go():\n    need()\n", False),
        ("@app.get('/')\nasync def go():\n    need()\n", False),
        ("@app.get('/')\nasync def go(x=Depends(need)):\n    ...\n", False),
        ("def create_app():\n    need()\n    return FastAPI()\n\napp = create_app()\n", True),
    ],
)
def test_what_only_a_request_reads_is_not_required(startup: str, required: bool) -> None:
    code = (
        "import os\nfrom contextlib import asynccontextmanager\nfrom fastapi import Depends, FastAPI\n"
        "def need():\n    return os.environ['X']\n"
        "@asynccontextmanager\nasync def life(app):\n    {}\n    yield\n"
    ).format("need()" if "lifespan" in startup else "...")
    project = found({"main.py": code + ("" if "app =" in startup else "app = FastAPI()\n") + startup})
    assert [fact.value.required for fact in project.environment] == [required]


@pytest.mark.parametrize(
    ("fields", "name", "default", "required"),
    [
        ("x: str = Field(env='Y')", "Y", None, True),
        ("x: str = Field('d', env=['Y', 'Z'])", "Y", "d", False),
        ("x: str = Field(alias='y')", "APP_X", None, True),
        ("x: Optional[str]", "APP_X", None, False),
        ("x: str\n    class Config:\n        env_prefix = 'p_'", "P_X", None, True),
        ("x: str\n    class Config:\n        fields = {'x': {'env': 'Y'}}", "Y", None, True),
    ],
)
def test_version_1_has_rules_of_its_own(fields: str, name: str, default: str | None, required: bool) -> None:
    config = "" if "Config" in fields else "\n    class Config:\n        env_prefix = 'APP_'"
    code = f"from typing import Optional\nfrom pydantic import *\nclass S(BaseSettings):\n    {fields}{config}\nS()\n"
    variable = variables(code.replace("import *", "import BaseSettings, Field"))[name]
    assert (variable.default, variable.required) == (default, required)


@pytest.mark.parametrize(
    ("field", "kind", "allowed"),
    [
        ("x: bool = True", "bool", ()),
        ("x: PositiveInt = 1", "int", ()),
        ("x: float", "float", ()),
        ("x: list[str] = []", "list", ()),
        ("x: dict[str, int] = {}", "json", ()),
        ("x: HttpUrl", "url", ()),
        ("x: PostgresDsn", "url", ()),
        ("x: Path", "path", ()),
        ("x: 'int | None' = None", "int", ()),
        ("x: typing.Literal['a', 'b'] = 'a'", "enum", ("a", "b")),
        ("x: str = Field('a', pattern='^(a|b)$')", "str", ("a", "b")),
    ],
)
def test_a_type_is_told(field: str, kind: str, allowed: tuple[str, ...]) -> None:
    variable = variables("import typing\nfrom pathlib import Path\n" + ONE.format(field))["X"]
    assert (variable.type, variable.allowed) == (kind, allowed)


@pytest.mark.parametrize(
    ("field", "least"),
    [
        ("x: SecretStr = Field(min_length=32)", 32),
        ("x: typing.Annotated[SecretStr, Field(min_length=SHORTEST)]", 40),
        ("x: typing.Annotated[str, StringConstraints(min_length=16)]", 16),
        ("x: constr(min_length=8)", 8),
        ("x: str = Field('', min_length=0)", None),
        ("x: list[str] = Field([], min_length=2)", None),
        ("x: str\n\n    @field_validator('x')\n    def long(cls, x):\n        if len(x) < 24:\n"
         "            raise ValueError('short')\n        return x", 24),
    ],
)  # fmt: skip
def test_the_length_that_a_value_must_have_is_told(field: str, least: int | None) -> None:
    assert variables("import typing\nSHORTEST = 40\n" + ONE.format(field))["X"].least == least


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        ("user, password = str(X).split(':')\n", "account"),
        ("def go():\n    db_user, _, db_pass = X.partition(':')\n", "account"),
        ("class A:\n    url = f'postgresql://{X}@{HOST}/shop'\n", "account"),
        ("url = f'https://{X}@{HOST}/shop'\n", "str"),  # a token
        ("host, port = X.split(':')\n", "str"),
        ("user, password = X.split(',')\n", "str"),
        ("url = f'postgresql://{X}:secret@{HOST}/shop'\n", "str"),
        ("db_user = X\nurl = f'postgresql://{db_user}@{HOST}/shop'\n", "str"),
    ],
)
def test_a_user_and_a_password_in_one_are_known_by_how_they_are_taken_apart(use: str, kind: str) -> None:
    known = variables(f"import os\nX = os.environ['X']\nHOST = os.environ['HOST']\n{use}")
    assert (known["X"].type, known["X"].secret) == (kind, kind == "account")
    assert known["HOST"].type == "str"


def test_a_base_class_that_nobody_makes_is_not_listed() -> None:
    code = PYDANTIC + (
        "class Base(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='BASE_')\n    a: int = 1\n"
        "class Settings(Base):\n    model_config = SettingsConfigDict(env_prefix='APP_')\n    b: int = 2\n"
    )
    assert sorted(variables("from config import Settings\nSettings()\n", config=code)) == ["APP_A", "APP_B"]


def test_a_default_that_reads_another_variable_names_it() -> None:
    code = "import os\n" + PYDANTIC + "class S(BaseSettings):\n    host: str = os.environ['DB_HOST']\nS()\n"
    assert {name: one.required for name, one in variables(code).items()} == {"DB_HOST": True}


@pytest.mark.parametrize(
    ("path", "line", "example"),
    [
        (".env.example", "MODEL=./m.bin # the small one", "./m.bin"),
        (".env.example", "export MODEL = 'm.bin'", "m.bin"),
        (".env.example", "MODEL='m #1.bin' # the first", "m #1.bin"),
        ("sample.env", "MODEL=m.bin", "m.bin"),
        (".env.example", "MODEL=m.bin\r", "m.bin"),
        (".env.example", "MODEL=models.example.com:587", None),
        (".env.example", "MODEL=10.0.0.5", None),
        (".env.dist", "MODEL=<the model>", None),
        (".env.example", "MODEL=your-model", None),
        (".env.example", "MODEL=https://models.example/m.bin", None),
        (".env.example", "OTHER_MODEL=m.bin\n# MODEL=m.bin", None),
        ("environment.py", "MODEL='m.bin'", None),
        # What somebody has on their own machine gets into no file of ours.
        (".env", "MODEL=m.bin", None),
        (".env.local", "MODEL=m.bin", None),
        ("prod.env", "MODEL=m.bin", None),
        (".env.production.sample", "MODEL=m.bin", "m.bin"),
    ],
)
def test_the_projects_own_example_of_what_must_be_set_is_known(path: str, line: str, example: str | None) -> None:
    files: dict[str, str | bytes] = {"main.py": "import os\nos.environ['MODEL']\n" + APP, path: f"A=1\n{line}\n"}
    assert [fact.value.example for fact in found(files).environment] == [example]


@pytest.mark.parametrize("name", ["SECRET_KEY", "DB_HOST", "API_URL", "MAIL_FROM"])
def test_no_secret_and_no_address_is_an_example(name: str) -> None:
    main = f"import os\nos.environ['{name}']\n" + APP
    [fact] = found({"main.py": main, ".env.example": f"{name}=db.example\n"}).environment
    assert (fact.value.required, fact.value.example) == (True, None)


@pytest.mark.parametrize(("path", "counts"), [
        ("scripts/seed.py", True), ("jobs/email_templates.py", True), ("jobs/dist_lock.py", True),
        ("settings_example.py", False), ("app/config.dist.py", False), ("sample_settings.py", False),
    ])  # fmt: skip
def test_what_is_there_to_be_copied_reads_nothing(path: str, counts: bool) -> None:
    files: dict[str, str | bytes] = {"main.py": APP, path: "import os\nos.getenv('X')\n"}
    assert bool(found(files).environment) is counts


def test_a_model_in_a_model_is_one_variable_without_a_delimiter() -> None:
    code = PYDANTIC + "class In(BaseModel):\n    a: int\nclass S(BaseSettings):\n    inner: In\nS()\n"
    assert variables(code) == {"INNER": Variable(name="INNER", required=True, type="json")}


def test_settings_that_hold_themselves_end() -> None:
    code = PYDANTIC + (
        "class In(BaseModel):\n    again: 'In'\n    a: int = 1\n"
        "class S(BaseSettings):\n    model_config = SettingsConfigDict(env_nested_delimiter='__')\n    inner: In\nS()\n"
    )
    assert "INNER__A" in variables(code)


@pytest.mark.parametrize(
    ("config", "requirements", "required"),
    [
        ("Config('.env')", "fastapi==0.109.2\nstarlette==0.36.3\n", True),
        ("Config('.env')", "fastapi>=0.109.1,<0.110.0\n", True),
        ("Config('.env')", "fastapi==0.115.0\n", False),
        ("Config()", "fastapi==0.109.2\nstarlette==0.36.3\n", False),
    ],
)
def test_starlette_needs_its_file_in_some_releases_only(config: str, requirements: str, required: bool) -> None:
    main = f"from starlette.config import Config\nconfig = {config}\nx = config('X', default='')\n"
    project = found({"main.py": main + APP, "requirements.txt": requirements + "uvicorn\n"})
    assert [(fact.value.path, fact.value.present) for fact in project.paths] == ([(".env", False)] if required else [])


@pytest.mark.parametrize(
    ("name", "secret"), [("PGPASSWORD", True), ("DB_PASS", True), ("PASSWORD_MIN_LENGTH", False), ("TOKENIZER", False),
                       ("APP_DB_PW", True), ("PUSH_PRIVKEY", True), ("TOKEN_RENEWAL_WINDOW", False)]
)  # fmt: skip
def test_a_secret_is_known_by_the_end_of_a_word(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


@pytest.mark.parametrize(
    "code",
    [
        "import os\ndef f(name):\n    return f(name) or os.environ[name]\nf('X')\n",
        "import os\ndef f(a):\n    return g(a)\ndef g(a):\n    return f(a)\nos.environ[f('x')]\n",
        "import os\nos.environ['a' + 'b' * 10**9]\nos.environ[None]\nos.environ[b'x']\nos.environ[0]\n",
        "import os\nx = x\ny = os.getenv(x, y)\n",
        PYDANTIC + "class S(S, BaseSettings):\n    x: S = S()\n    model_config = S\nS()\n",
        PYDANTIC + "class S(BaseSettings):\n    x: 'int | ((((' = 1\n    class Config:\n        fields = 1\nS(**S)\n",
        "from environs import Env\nenv = env = Env()\nwith env.prefixed(env.str('X')):\n    env('Y')\n",
        "import os\n" + "if os.getenv('A'):\n" + " if 1:\n" + "  os.environ['X']\n",
        "from dynaconf import Dynaconf\ns = Dynaconf(envvar_prefix=s, settings_files=[s, '../../etc/passwd'])\ns.X\n",
    ],
    ids=range(9),
)
def test_no_code_stops_the_search(code: str) -> None:
    assert found({"main.py": code + APP}).application.value.target == "main:app"
