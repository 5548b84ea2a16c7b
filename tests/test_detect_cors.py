"""The variable of the origins that a browser may call from: how code takes it, and where nothing is said of it."""

import textwrap
from collections.abc import Callable
from typing import Any, Literal

import pytest

from lading import settings
from lading.detect import code, cors_tests, cors_values, detect
from lading.errors import BadInput
from lading.model import Cors
from lading.source import Memory

HEAD = """\
import ast, json, os, re
from typing import Annotated, Any
from decouple import Csv, config
from fastapi import FastAPI
from fastapi.middleware import Middleware
from fastapi.middleware.cors import CORSMiddleware
from pydantic import AnyHttpUrl, BeforeValidator, Field, Json, computed_field, field_validator, model_validator
from pydantic import root_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

"""

ADDED = """
app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins={origins}, allow_methods=["*"])
"""


def found(text: str, **files: str) -> str:
    """The variable that decides, and how it is written; empty where nothing is told."""
    tree = {"requirements.txt": b"fastapi\nuvicorn\n", "main.py": (HEAD + textwrap.dedent(text)).encode()}
    tree |= {f"{name}.py": (HEAD + textwrap.dedent(other)).encode() for name, other in files.items()}
    source = Memory(tree)
    fact = detect(source, settings.load(source, {}, {})).cors
    return f"{fact.value.variable} {fact.value.written}" if fact else ""


def setting(text: str, origins: str = "settings.origins") -> str:
    """What is found where the body of a settings class is `text`."""
    body = textwrap.indent(textwrap.dedent(text), "    ")
    made = f"class Settings(BaseSettings):\n{body}\nsettings = Settings()\n"
    return found(made + ADDED.format(origins=origins))


@pytest.mark.parametrize(
    ("origins", "said"),
    [
        ('os.environ["ORIGINS"].split(",")', "ORIGINS comma"),
        ('os.getenv("ORIGINS", "*").split(",")', "ORIGINS comma"),
        ('os.getenv("ORIGINS", "").split()', "ORIGINS one"),
        ('os.getenv("ORIGINS", "").split(";")', "ORIGINS one"),
        ('[o.strip() for o in os.getenv("ORIGINS", "").split(",") if o.strip()]', "ORIGINS comma"),
        ('list(map(str.strip, os.getenv("ORIGINS", "").split(",")))', "ORIGINS comma"),
        ('list(filter(None, os.getenv("ORIGINS", "").split(",")))', "ORIGINS comma"),
        (r're.split(r"[\s,]+", os.getenv("ORIGINS", ""))', "ORIGINS comma"),
        ('json.loads(os.getenv("ORIGINS", "[]"))', "ORIGINS json"),
        ('ast.literal_eval(os.getenv("ORIGINS", "[]"))', "ORIGINS json"),
        ('[os.getenv("FRONT_END", "http://localhost:3000")]', "FRONT_END one"),
        ('["http://localhost:3000", os.environ["FRONT_END"]]', "FRONT_END one"),
        ('["http://localhost:3000", *os.getenv("ORIGINS", "").split(",")]', "ORIGINS comma"),
        ('[os.environ["FRONT_END"]] + os.getenv("ORIGINS", "").split(",")', "ORIGINS comma"),
        ('os.getenv("ORIGINS", "").split(",") or ["*"]', "ORIGINS comma"),
        ('os.getenv("ORIGINS").split(",") if os.getenv("ORIGINS") else ["*"]', "ORIGINS comma"),
        ('["*"] if os.getenv("ORIGINS", "*") == "*" else os.getenv("ORIGINS").split(",")', "ORIGINS comma"),
        ('["*"] if not os.getenv("ORIGINS") else os.getenv("ORIGINS").split(",")', "ORIGINS comma"),
        ('config("ORIGINS", default="", cast=Csv())', "ORIGINS comma"),
        ('config("ORIGINS", default="", cast=lambda v: [s.strip() for s in v.split(",")])', "ORIGINS comma"),
        ('os.getenv("ORIGINS", "*")', "ORIGINS one"),
        # The code's own, or not to be told.
        ('["http://localhost:3000"]', ""),
        ('["*"]', ""),
        ('["*", os.getenv("FRONT_END")]', ""),
        ('[f"https://{host}" for host in os.getenv("HOSTS", "").split(",")]', ""),
        ('["*"] if os.getenv("STAGE", "dev") == "dev" else os.getenv("ORIGINS", "").split(",")', ""),
        ('os.getenv("ORIGINS", "").split(",") if os.environ["STAGE"] == "live" else ["*"]', ""),
        ('unheard_of(os.getenv("ORIGINS"))', ""),
        ("[f\"https://{os.getenv('DOMAIN')}\"]", ""),
        # A text joined to another is no origin.
        ('["https://" + os.environ["DOMAIN"]]', ""),
        ('["http://localhost:" + os.getenv("FRONT_PORT", "3000")]', ""),
        ('["http://" + os.environ["NAME"] + ":" + os.environ["AT"]]', ""),
        ('[os.environ["NAME"] + os.environ["AT"]]', ""),
        ('(os.getenv("ORIGINS", "") + ",http://localhost").split(",")', ""),
        ("[f\"{os.getenv('NAME')}:3000\"]", ""),
        ('["https://" + os.environ["DOMAIN"], os.environ["FRONT_END"]]', "FRONT_END one"),
        ('["http://localhost"] + os.getenv("ORIGINS", "").split(",")', "ORIGINS comma"),
        # Only what is empty is passed over.
        ('[o for o in os.getenv("ORIGINS", "").split(",") if o]', "ORIGINS comma"),
        ('[o for o in os.getenv("ORIGINS", "").split(",") if o.endswith(".me")]', ""),
        ('[o for o in os.getenv("ORIGINS", "").split(",") if o and o != "https://me"]', ""),
        ('list(o for o in os.getenv("ORIGINS", "").split(",") if o in KNOWN)', ""),
        ('list(filter(bool, os.getenv("ORIGINS", "").split(",")))', "ORIGINS comma"),
        ('list(filter(lambda o: o.strip(), os.getenv("ORIGINS", "").split(",")))', "ORIGINS comma"),
        ('list(filter(is_mine, os.getenv("ORIGINS", "").split(",")))', ""),
        ('list(filter(lambda o: o.endswith(".me"), os.getenv("ORIGINS", "").split(",")))', ""),
    ],
)
def test_what_is_given_to_the_middleware(origins: str, said: str) -> None:
    assert found(ADDED.format(origins=origins)) == said


@pytest.mark.parametrize(
    ("body", "origins", "said"),
    [
        ("origins: list[str] = []", "settings.origins", "ORIGINS json"),
        ("origins: list[AnyHttpUrl] = []", "[str(o) for o in settings.origins]", "ORIGINS json"),
        ("origins: list[AnyHttpUrl] = []", 'map(lambda o: str(o).rstrip("/"), settings.origins)', "ORIGINS json"),
        ("origins: list[str] | None = None", 'settings.origins or ["*"]', "ORIGINS json"),
        ("origins: Json[list[str]] = []", "settings.origins", "ORIGINS json"),
        ('origins: str = "*"', 'settings.origins.split(",")', "ORIGINS comma"),
        ('origins: str = "[]"', "json.loads(settings.origins)", "ORIGINS json"),
        ('front_end: AnyHttpUrl = "http://localhost"', '[str(settings.front_end).strip("/")]', "FRONT_END one"),
        ("model_config = SettingsConfigDict(env_prefix='SHOP_')\norigins: set[str] = set()", "list(settings.origins)",
         "SHOP_ORIGINS json"),
        ('origins: list[str] = Field(default=[], alias="CORS_ORIGINS")', "settings.origins", "CORS_ORIGINS json"),
        # Undecoded: a validator splits it, or nobody does.
        ("""
         origins: Annotated[list[str], NoDecode] = []

         @field_validator("origins", mode="before")
         @classmethod
         def split(cls, value: Any) -> Any:
             if isinstance(value, str) and not value.startswith("["):
                 return [one.strip() for one in value.split(",")]
             return value
         """, "settings.origins", "ORIGINS comma"),
        ("""
         origins: Annotated[list[str], NoDecode, BeforeValidator(lambda v: v.split(","))] = []
         """, "settings.origins", "ORIGINS comma"),
        ("""
         origins: Annotated[list[str], NoDecode] = []

         @field_validator("origins", mode="before")
         @classmethod
         def split(cls, value):
             return json.loads(value)
         """, "settings.origins", "ORIGINS json"),
        ("origins: Annotated[list[str], NoDecode] = []", "settings.origins", ""),
        # pydantic decodes a list before any validator has it.
        ("""
         origins: list[str] = []

         @field_validator("origins", mode="before")
         @classmethod
         def split(cls, value):
             return value.split(",") if isinstance(value, str) else value
         """, "settings.origins", "ORIGINS json"),
        ("""
         origins: str = ""

         @field_validator("origins")
         @classmethod
         def split(cls, value):
             return [one.strip() for one in value.split(",")]
         """, "settings.origins", "ORIGINS comma"),
        ("""
         origins: list[AnyHttpUrl] | str = []
         front_end: str = "http://localhost:5173"

         @computed_field
         @property
         def everyone(self) -> list[str]:
             return [str(one).rstrip("/") for one in self.origins] + [self.front_end]
         """, "settings.everyone", "ORIGINS json"),
        ("""
         origins: str = ""

         @property
         def listed(self) -> list[str]:
             if not self.origins or self.origins == "*":
                 return ["*"]
             return [one.strip() for one in self.origins.split(",")]
         """, "settings.listed", "ORIGINS comma"),
        ("""
         origins: str | list[str] = ""

         def listed(self) -> list[str]:
             if isinstance(self.origins, str):
                 return self.origins.split(",")
             return self.origins
         """, "settings.listed()", "ORIGINS json"),
        ("""
         origins: str = ""
         stage: str = "dev"

         @property
         def listed(self) -> list[str]:
             if self.stage == "dev":
                 return ["http://localhost:3000"]
             return self.origins.split(",")
         """, "settings.listed", ""),
        ("workers: int = 4", "[settings.workers]", ""),
        ("""
         origins: Any = "*"

         @field_validator("origins", mode="before")
         @classmethod
         def parse(cls, value: Any) -> list[str]:
             if value is None:
                 return ["*"]
             if isinstance(value, list):
                 cleaned = [str(one).strip() for one in value]
                 return cleaned if cleaned else ["*"]
             if isinstance(value, str):
                 text = value.strip()
                 if text.startswith("["):
                     try:
                         return json.loads(text)
                     except ValueError:
                         pass
                 return [one for one in text.split(",") if one]
             return ["*"]
         """, "settings.origins", "ORIGINS comma"),
        ("""
         origins: list[str] | None = None
         front_end: str = ""

         @property
         def listed(self) -> list[str]:
             if self.origins:
                 return self.origins
             return [self.front_end] if self.front_end else ["http://localhost:3000"]
         """, "settings.listed", "ORIGINS json"),
    ],
)  # fmt: skip
def test_what_a_settings_class_makes_of_it(body: str, origins: str, said: str) -> None:
    assert setting(body, origins) == said


LISTED = "class Settings(BaseSettings):\n    origins: list[str] = []\n"
AFTER = "    @model_validator(mode='after')\n    def check(self):\n"
CHECKED = LISTED + "    @field_validator('origins')\n    @classmethod\n    def check(cls, value):\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LISTED + "settings = Settings()", "ORIGINS json"),
        (LISTED + "settings = Settings(origins=['https://me'])", ""),
        (LISTED + "settings = Settings(ORIGINS=['https://me'])", ""),
        (LISTED + "settings = Settings(**json.load(open('settings.json')))", ""),
        (LISTED + "settings = Settings(_env_file='.env')", "ORIGINS json"),
        (LISTED + "settings = Settings()\nsettings.origins = ['https://me']", ""),
        (LISTED + "settings = Settings()\nsetattr(settings, 'origins', ['https://me'])", ""),
        (LISTED + "settings = Settings()\nclass Other:\n    def __init__(self):\n        self.origins = []",
         "ORIGINS json"),
        (LISTED + AFTER + "        self.origins = ['https://me']\n        return self\nsettings = Settings()", ""),
        (LISTED + AFTER + "        self.debug = False\n        return self\nsettings = Settings()", "ORIGINS json"),
        (LISTED + "    @model_validator(mode='before')\n    def check(cls, values):\n"
         "        values['origins'] = ['https://me']\n        return values\nsettings = Settings()", ""),
        (LISTED + "    @root_validator\n    def check(cls, values):\n"
         "        return {**values, 'origins': ['https://me']}\nsettings = Settings()", ""),
        (CHECKED + "        if not all(one.endswith('.me') for one in value):\n            raise ValueError\n"
         "        return value\nsettings = Settings()", ""),
        (CHECKED + "        for one in value:\n            assert one.endswith('.me')\n"
         "        return value\nsettings = Settings()", ""),
        (CHECKED + "        if not isinstance(value, list):\n            raise ValueError\n"
         "        return value\nsettings = Settings()", "ORIGINS json"),
        (CHECKED + "        if not value:\n            raise ValueError\n        if '*' in value:\n"
         "            raise ValueError\n        return value\nsettings = Settings()", "ORIGINS json"),
        (CHECKED.replace("'origins'", "'origins', mode='before'")
         + "        if isinstance(value, str) and not value.startswith('['):\n            return value.split(',')\n"
         "        elif isinstance(value, (list, str)):\n            return value\n        raise ValueError(value)\n"
         "settings = Settings()", "ORIGINS json"),
        (CHECKED.replace("'origins'", "'origins', mode='before'").replace("list[str]", "Annotated[list[str], NoDecode]")
         + "        if isinstance(value, str):\n            if not value.endswith('.me'):\n"
         "                raise ValueError\n            return value.split(',')\n        return value\n"
         "settings = Settings()", ""),
    ],
)  # fmt: skip
def test_what_else_sets_or_refuses_a_field(text: str, said: str) -> None:
    assert found(f"{text}\n{ADDED.format(origins='settings.origins')}") == said


def test_settings_that_only_a_test_constructs_are_not_the_applications() -> None:
    made = f"from config import settings\n{ADDED.format(origins='settings.origins')}"
    config, tried = f"{LISTED}settings = Settings()\n", "from config import Settings\nSettings(origins=[])\n"
    assert found(made, config=config, try_it=tried) == "ORIGINS json"
    assert not found(f"import try_it\n{made}", config=config, try_it=tried)


VALUES = """
    origins = os.getenv("ORIGINS", "").split(",")
    stage = os.getenv("STAGE", "dev")
    """


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ADDED.format(origins="origins"), "ORIGINS comma"),
        ('if not origins:\n    origins = ["*"]\n' + ADDED.format(origins="origins"), "ORIGINS comma"),
        ("origins = [one.strip() for one in origins]\n" + ADDED.format(origins="origins"), "ORIGINS comma"),
        ("given = os.getenv('TWO')\nusual = ['http://localhost']\nif given:\n    listed = given.split(',')\n"
         "    pattern = None\nelse:\n    listed = usual\n    pattern = r'^https?://localhost$'\n"
         "app = FastAPI()\napp.add_middleware(CORSMiddleware, allow_origins=listed, allow_origin_regex=pattern)\n",
         "TWO comma"),
        ("app = FastAPI()\nif '*' in origins:\n    app.add_middleware(CORSMiddleware, allow_origins=['*'])\n"
         "else:\n    app.add_middleware(CORSMiddleware, allow_origins=origins)\n", "ORIGINS comma"),
        ("def create_app(given=None):\n    app = FastAPI()\n    some = given or origins\n"
         "    app.add_middleware(CORSMiddleware, allow_origins=some)\n    return app\n\napp = create_app()\n",
         "ORIGINS comma"),
        ('if stage == "dev":\n    origins = ["*"]\n' + ADDED.format(origins="origins"), ""),
        ('if stage == "live":\n    origins = ["*"]\n' + ADDED.format(origins="origins"), "ORIGINS comma"),
        ('if os.environ["WHO"] == "me":\n    origins = ["*"]\n' + ADDED.format(origins="origins"), ""),
        ('more = ["http://localhost"]\nmore += origins\n' + ADDED.format(origins="more"), "ORIGINS comma"),
        ('origin = "https://"\norigin += os.environ["DOMAIN"]\n' + ADDED.format(origins="[origin]"), ""),
        ('origin = os.environ["DOMAIN"]\norigin += ":3000"\n' + ADDED.format(origins="[origin]"), ""),
        ('more = []\nmore.append(os.environ["FRONT_END"])\n' + ADDED.format(origins="more"), "FRONT_END one"),
        ('more = []\nif stage == "live":\n    more.extend(origins)\n' + ADDED.format(origins="more"), ""),
        ("def listed(text):\n    return text.split(',')\n" + ADDED.format(origins="listed(os.environ['TWO'])"),
         "TWO comma"),
        ("def listed(text):\n    text = text.strip()\n    if text == '*':\n        return ['*']\n"
         "    try:\n        return json.loads(text)\n    except ValueError:\n        return text.split(',')\n"
         + ADDED.format(origins="listed(os.environ['TWO'])"), "TWO comma"),
        ("def listed(name, default=''):\n    return os.getenv(name, default).split(',')\n"
         + ADDED.format(origins="listed('TWO')"), "TWO comma"),
        # Where it is added.
        ("app = FastAPI()\nif origins:\n    app.add_middleware(CORSMiddleware, allow_origins=origins)\n",
         "ORIGINS comma"),
        ("app = FastAPI()\nif stage == 'live':\n    app.add_middleware(CORSMiddleware, allow_origins=origins)\n", ""),
        ("app = FastAPI()\nif stage == 'dev':\n    app.add_middleware(CORSMiddleware, allow_origins=origins)\n",
         "ORIGINS comma"),
        ("app = FastAPI()\nif origins:\n    app.add_middleware(CORSMiddleware, allow_origins=origins)\n"
         "else:\n    app.add_middleware(CORSMiddleware, allow_origins=['*'])\n", "ORIGINS comma"),
        ("app = FastAPI()\napp.add_middleware(CORSMiddleware, allow_origins=origins)\n"
         "app.add_middleware(CORSMiddleware, allow_origins=['*'])\n", ""),
        ("app = FastAPI(middleware=[Middleware(CORSMiddleware, allow_origins=origins)])\n", "ORIGINS comma"),
        ("api = FastAPI()\napp = CORSMiddleware(api, allow_origins=origins)\n", "ORIGINS comma"),
        ("app = FastAPI()\noptions = {'allow_origins': origins}\napp.add_middleware(CORSMiddleware, **options)\n",
         "ORIGINS comma"),
        ("app = FastAPI()\napp.add_middleware(CORSMiddleware, allow_origins=origins, allow_origin_regex='.*')\n", ""),
        ("app = FastAPI()\nadmin = FastAPI()\nadmin.add_middleware(CORSMiddleware, allow_origins=origins)\n"
         "app.mount('/admin', admin)\n\n@app.get('/health')\ndef health(): ...\n", ""),
        ("api = FastAPI(middleware=[Middleware(CORSMiddleware, allow_origins=origins)])\napp = FastAPI()\n"
         "app.mount('/api', api)\n\n@app.get('/health')\ndef health(): ...\n", ""),
        ("some = [Middleware(CORSMiddleware, allow_origins=origins)]\napi = FastAPI(middleware=some)\n"
         "app = FastAPI()\napp.mount('/api', api)\n\n@app.get('/health')\ndef health(): ...\n", ""),
        ("api = FastAPI()\napp = FastAPI()\napp.mount('/api', CORSMiddleware(api, allow_origins=origins))\n\n"
         "@app.get('/health')\ndef health(): ...\n", ""),
        ("some = [Middleware(CORSMiddleware, allow_origins=origins)]\napp = FastAPI(middleware=some)\n",
         "ORIGINS comma"),
        ("def set_up(app: FastAPI):\n    app.add_middleware(CORSMiddleware, allow_origins=origins)\n\n"
         "def create_app():\n    app = FastAPI()\n    set_up(app)\n    return app\n\napp = create_app()\n",
         "ORIGINS comma"),
        ("def set_up(app: FastAPI):\n    if stage != 'live':\n        return\n"
         "    app.add_middleware(CORSMiddleware, allow_origins=origins)\n\napp = FastAPI()\nset_up(app)\n", ""),
        ("def set_up(app: FastAPI):\n    app.add_middleware(CORSMiddleware, allow_origins=origins)\n\n"
         "app = FastAPI()\nif stage == 'live':\n    set_up(app)\n", ""),
        ("def set_up(app: FastAPI):\n    app.add_middleware(CORSMiddleware, allow_origins=origins)\n\n"
         "app = FastAPI()\n", ""),
        ("def set_up(app, origins):\n    app.add_middleware(CORSMiddleware, allow_origins=origins)\n\n"
         "app = FastAPI()\nset_up(app, origins)\n", "ORIGINS comma"),
    ],
)  # fmt: skip
def test_where_it_comes_from_and_whether_it_is_added(text: str, said: str) -> None:
    assert found(textwrap.dedent(VALUES) + text) == said


def test_another_module_has_the_setting() -> None:
    made = ADDED.format(origins="config.ORIGINS")
    assert found(f"import config\n{made}", config='ORIGINS = os.getenv("WHO", "").split(",")') == "WHO comma"
    called = 'class Settings(BaseSettings):\n    who: str = ""\n\ndef get():\n    return Settings()\n'
    made = ADDED.format(origins='get().who.split(" ")')
    assert found(f"from config import get\n{made}", config=called) == "WHO one"


def test_the_setting_decides() -> None:
    text = (HEAD + ADDED.format(origins="unheard_of()")).encode()
    for said, cors in (
        ("ORIGINS", Cors(variable="ORIGINS")),
        ("ORIGINS json", Cors(variable="ORIGINS", written="json")),
        ("ORIGINS one", Cors(variable="ORIGINS")),
        ("none", None),
    ):
        source = Memory({"requirements.txt": b"fastapi\n", "main.py": text})
        fact = detect(source, settings.load(source, {"cors-variable": said}, {})).cors
        assert (fact.value if fact else None) == cors


@pytest.mark.parametrize("said", ["json", "comma", "A=B", 'X"Y', "1A json", "A B", "A json json", "json one"])
def test_what_is_no_variable_is_refused(said: str) -> None:
    source = Memory({"requirements.txt": b"fastapi\n", "main.py": (HEAD + ADDED.format(origins="[]")).encode()})
    with pytest.raises(BadInput, match="no variable with the way it is written: json, comma or one") as caught:
        detect(source, settings.load(source, {"cors-variable": said}, {}))
    assert caught.value.hint == "write it like `CORS_ORIGINS json`"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (LISTED + "settings = Settings()", "json"),
        ("origins = unheard_of(os.getenv('ORIGINS', '').split(','))", "one"),
        (LISTED.replace("list[str] = []", "str = ''") + "settings = Settings()", "one"),
    ],
)
def test_a_name_alone_is_written_as_its_field_is(text: str, written: Literal["json", "one"]) -> None:
    main = HEAD + text + ADDED.format(origins="unheard_of()")
    source = Memory({"requirements.txt": b"fastapi\n", "main.py": main.encode()})
    fact = detect(source, settings.load(source, {"cors-variable": "ORIGINS"}, {})).cors
    assert fact
    assert fact.value == Cors(variable="ORIGINS", written=written)


def test_a_list_without_a_default_asks_how_it_is_written() -> None:
    made = LISTED.replace("= []", "= Field(default_factory=list)") + "settings = Settings()"
    main = (HEAD + made + ADDED.format(origins="unheard_of()")).encode()
    source = Memory({"requirements.txt": b"fastapi\n", "main.py": main})
    with pytest.raises(BadInput, match="`ORIGINS` is a list") as caught:
        detect(source, settings.load(source, {"cors-variable": "ORIGINS"}, {}))
    assert caught.value.hint == "say it too: `ORIGINS json`, or `ORIGINS comma`"


def shape(first: str, each: str, last: str = "") -> Callable[[int], str]:
    """A module that binds `origins`, as long as one likes."""
    return lambda count: first + "".join(each.format(at, at + 1) for at in range(count)) + last.format(count)


ORIGINS = "origins = os.environ['ORIGINS'].split(',')\n"
MODE = "mode = os.environ.get('MODE', '')\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "said"),
    [
        (shape(ORIGINS, "if os.environ.get('F{0}') == 'x':\n    origins = ['http://a']\n"), "ORIGINS comma"),
        (shape(MODE + ORIGINS, "if mode == 'x{0}':\n    origins = ['http://a']\n"), "ORIGINS comma"),
        (shape(MODE + ORIGINS + "if mode:\n    origins = []\n", "elif mode == 'x{0}':\n    origins = ['http://a']\n"),
         "ORIGINS comma"),
        (shape(ORIGINS, "if os.environ.get('F{0}'):\n    origins.append('http://a')\n"), "ORIGINS comma"),
        (shape(ORIGINS + "if (", "os.environ.get('F{0}') == 'x' or ", "None):\n    origins = []\n"), "ORIGINS comma"),
        # What is doubled at each step is nobody's code, and gives nothing.
        (shape(ORIGINS.replace("origins", "o0"), "o{1} = o{0} + o{0}\n", "origins = o{0}\n"), ""),
        (shape(ORIGINS.replace("origins", "o0"), "o{1} = o{0} if os.environ.get('F') else o{0}\n", "origins = o{0}\n"),
         ""),
        (shape(ORIGINS, "origins = origins + ['http://a']\n"), ""),
        (shape(ORIGINS, "if os.environ.get('F{0}'):\n    origins = origins + ['http://a']\n"), ""),
    ],
)  # fmt: skip
def test_what_is_long_is_gone_through_once(
    made: Callable[[int], str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = [0]
    for module, name in ((cors_values, "_took"), (cors_tests, "holds"), (cors_tests, "_holds"), (code, "_script_only")):
        original = getattr(module, name)

        def counted(*args: Any, original: Any = original, **more: Any) -> Any:
            count[0] += 1
            return original(*args, **more)

        monkeypatch.setattr(module, name, counted)
    steps = []
    for size in (150, 300):
        count[0] = 0
        assert found(made(size) + ADDED.format(origins="origins")) == said
        steps.append(count[0])
    # Of n statements each is looked for among the n, which is quick; nothing is n³, or 2ⁿ.
    assert steps[1] < 4.5 * steps[0], steps
    assert steps[1] < 1_000_000, steps


@pytest.mark.parametrize("size", [3_000, pytest.param(30_000, marks=pytest.mark.slow)])
def test_of_more_than_anybody_writes_nothing_is_told(size: int) -> None:
    body = "".join(f"if os.environ.get('F{at}') == 'x':\n    origins = ['http://a']\n" for at in range(size))
    assert found(ORIGINS + body + ADDED.format(origins="origins")) == ""
