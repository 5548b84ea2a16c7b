"""Which database, with which driver and variables, and how its tables come to be."""

from typing import Any

import pytest

from lading import settings
from lading.detect import detect, settings_drivers
from lading.errors import BadInput
from lading.model import Database, Dependencies, Project
from lading.source import Memory

APP = "from fastapi import FastAPI\napp = FastAPI()\n"
SYNC = "import os\nfrom sqlalchemy import create_engine\n"
ASYNC = "import os\nfrom sqlalchemy.ext.asyncio import create_async_engine\n"


def found(code: str, needs: str = "", **files: str) -> Project:
    tree: dict[str, Any] = {"main.py": code + APP, "requirements.txt": f"fastapi\nuvicorn\n{needs}"}
    source = Memory(tree | {path.replace("__", "/"): text for path, text in files.items()})
    return detect(source, settings.load(source, {}, {}))


def store(code: str, needs: str, **files: str) -> Database | None:
    fact = found(code, needs, **files).database
    return fact.value if fact else None


@pytest.mark.parametrize(
    ("code", "needs", "expected"),
    [
        (SYNC + "e = create_engine(os.environ['A_URL'], pool_size=3)\n", "sqlalchemy\npsycopg\n",
         Database(dialect="postgresql", variable="A_URL", driver="psycopg", pool=13)),
        (SYNC + "e = create_engine(os.environ['A_URL'])\n", "sqlalchemy\n",
         Database(dialect="sqlite", variable="A_URL")),
        (SYNC + "o = dict(pool_size=2, max_overflow=1)\ne = create_engine('mysql+pymysql://x/y', **o)\n", "pymysql\n",
         Database(dialect="mysql", url="mysql+pymysql://x/y", driver="pymysql", pool=3)),
        (SYNC + "from sqlalchemy import URL\n"
         "u = URL.create('postgresql+psycopg', host=os.environ['H'], password=os.environ['P'])\ne = create_engine(u)\n",
         "psycopg\n", Database(dialect="postgresql", parts=("H", "P"), driver="psycopg")),
        (SYNC + "u = 'mysql+pymysql://{}@{}/x'.format(os.environ['U'], os.environ['H'])\ne = create_engine(u)\n",
         "pymysql\n", Database(dialect="mysql", parts=("U", "H"), driver="pymysql")),
        (SYNC + "u = 'mysql+pymysql://%s@db/x' % os.environ['U']\ne = create_engine(u)\n",
         "pymysql\n", Database(dialect="mysql", parts=("U",), driver="pymysql")),
        (SYNC + "def engine(url):\n    return create_engine(url)\ne = engine(os.environ['A_URL'])\n", "psycopg\n",
         Database(dialect="postgresql", variable="A_URL", driver="psycopg")),
        (ASYNC + "e = create_async_engine(os.environ['A_URL'].replace('postgres://', 'postgresql+asyncpg://'))\n",
         "asyncpg\npsycopg2-binary\n",
         Database(dialect="postgresql", variable="A_URL", driver="asyncpg", is_async=True)),
        ("from databases import Database\nd = Database('sqlite:///x.db')\n", "databases[aiosqlite]\n",
         Database(dialect="sqlite", url="sqlite:///x.db", driver="aiosqlite", is_async=True)),
        ("from peewee import SqliteDatabase\nd = SqliteDatabase('x.db')\n", "peewee\n",
         Database(dialect="sqlite", url="sqlite:///x.db")),
        ("import os\nimport asyncpg\nasync def go():\n    await asyncpg.create_pool(host=os.environ['H'], user='u')\n",
         "asyncpg\n", Database(dialect="postgresql", variable="H", driver="asyncpg", is_async=True, plain=True)),
        ("import os\nfrom tortoise import Tortoise\nasync def go():\n    await Tortoise.init(db_url=os.environ['T'])\n",
         "tortoise-orm[asyncpg]\n", Database(dialect="postgresql", variable="T", driver="asyncpg", is_async=True)),
        ("import os\nurl = os.getenv('SHOP_DATABASE_URL')\n", "psycopg2-binary\n",
         Database(dialect="postgresql", variable="SHOP_DATABASE_URL", driver="psycopg2")),
        ("import os\nurl = os.getenv('NEWS_DB_URL', 'https://news.example')\n", "psycopg2-binary\n", None),
        ("import os\nh = os.getenv('MYSQL_HOST')\nu = os.getenv('MYSQL_USER')\n", "pymysql\n",
         Database(dialect="mysql", parts=("MYSQL_HOST", "MYSQL_USER"), driver="pymysql")),
        ("import os\nos.getenv('DB_ENGINE', 'sqlite')\nos.getenv('POSTGRES_HOST')\nos.getenv('POSTGRES_USER')\n",
         "psycopg2\n", Database(dialect="sqlite")),
        ("import sqlite3\ndef go():\n    return sqlite3.connect('/data/x.db')\n", "",
         Database(dialect="sqlite", url="sqlite:////data/x.db")),
        (SYNC + "if os.getenv('CI'):\n    url = os.getenv('A_TEST_URL')\nelse:\n    url = os.getenv('A_URL')\n"
         "e = create_engine(url)\n", "psycopg2\n",
         Database(dialect="postgresql", variable="A_URL", driver="psycopg2")),
        ("from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    url: str = os.environ['A_URL']\n"
         "e = create_engine(S().url)\n".replace("from", SYNC + "from", 1), "psycopg2\n",
         Database(dialect="postgresql", variable="A_URL", driver="psycopg2")),
        ("", "psycopg2-binary\n", None),
    ],
)  # fmt: skip
def test_the_database(code: str, needs: str, expected: Database | None) -> None:
    assert store(code, needs) == expected


def test_a_url_that_sqlalchemy_reads_too_is_not_plain() -> None:
    raw = "import asyncpg\nasync def go():\n    await asyncpg.create_pool(os.environ['A_URL'])\n"
    engine = ASYNC + "e = create_async_engine(os.environ['A_URL'])\n"
    needs = "asyncpg\nsqlalchemy[asyncio]\n"
    for code, plain in (("import os\n" + raw, True), (raw + engine, False), (engine + raw, False)):
        fact = found(code, needs).database
        assert fact
        assert (fact.value.driver, fact.value.plain) == ("asyncpg", plain)


def test_an_example_file_tells_the_dialect_and_nothing_more() -> None:
    code = SYNC + "e = create_engine(os.environ['A_URL'])\n"
    needs = "psycopg2-binary\npymysql\n"
    told = store(code, needs, **{".env.example": "A_URL=mysql+pymysql://root:secret@db/x\n"})
    assert told == Database(dialect="mysql", variable="A_URL", driver="pymysql")


def test_the_engine_that_the_application_imports_stands_above_a_scripts() -> None:
    script = SYNC + "e = create_engine(os.environ['SCRIPT_URL'])\n"
    project = found(SYNC + "e = create_engine(os.environ['APP_URL'])\n", "psycopg\n", **{"seed.py": script})
    assert project.database is not None
    assert project.database.value.variable == "APP_URL"
    assert project.database.others == ("postgresql by SCRIPT_URL at seed.py:3",)


def test_a_store_that_a_script_opens_too_is_the_applications() -> None:
    store = "import os\nimport redis\nclient = redis.from_url(os.environ['CACHE_URL'])\n"
    project = found("import store\n", "redis\n", **{"store.py": store, "script.py": "from store import os\n" + store})
    assert [fact.value.variable for fact in project.stores] == ["CACHE_URL"]


@pytest.mark.parametrize(
    ("code", "needs", "note"),
    [
        (SYNC + "e = create_engine('postgres://db/x')\n", "sqlalchemy==2.0.36\npsycopg2\n",
         "SQLAlchemy refuses `postgres://` since 1.4: write `postgresql://`"),
        (SYNC + "e = create_engine('postgresql+asyncpg://db/x')\n", "sqlalchemy\npsycopg2\n",
         "the database's URL needs the driver asyncpg: nothing declares `asyncpg`"),
        (SYNC + "e = create_engine('postgresql://db/x')\n", "sqlalchemy==2.1.0\npsycopg2\n",
         "the database's URL needs the driver psycopg: nothing declares `psycopg`"),
        (ASYNC + "e = create_async_engine('postgresql://db/x')\n", "sqlalchemy\npsycopg2\n",
         "an asynchronous engine needs an asynchronous driver in its URL, like `postgresql+asyncpg://`"),
        (SYNC + "e = create_engine(os.getenv('U', 'sqlite:///x.db'))\n", "sqlalchemy\n",
         "SQLite keeps `x.db` in the working directory, and not on a volume: set U to a file on one"),
        (SYNC + "e = create_engine('sqlite://')\n", "sqlalchemy\n",
         "the database is in memory: it is empty at every start"),
    ],
)  # fmt: skip
def test_what_would_fail_is_said(code: str, needs: str, note: str) -> None:
    assert note in [fact.value for fact in found(code, needs).notes]


@pytest.mark.parametrize(
    ("said", "table"),
    [
        ("'_mine'", "_mine"),
        ("NAME", "_ours"),
        ("'Mine'", "alembic_version"),
        ("unknown()", "alembic_version"),
        ("'_mine', version_table_schema='shop'", "shop._mine"),
        ("'_mine', version_table_schema=None", "_mine"),
    ],
)
def test_the_table_of_what_was_applied_may_have_another_name(said: str, table: str) -> None:
    env = f"NAME = '_ours'\ndef run(c):\n    context.configure(connection=c, version_table={said})\n"
    files = {"alembic.ini": "[alembic]\nscript_location = m\n", "m/env.py": env}
    migrations = found("", "alembic\n", **files).migrations
    assert migrations
    assert migrations.value.table == table


def test_what_only_the_migrations_open_must_be_given_too() -> None:
    env = "from decouple import config as read\nconfig.set_main_option('sqlalchemy.url', read('OWNER_URL'))\n"
    files = {"alembic.ini": "[alembic]\nscript_location = alembic\n", "alembic/env.py": env}
    project = found(
        SYNC + "e = create_engine(os.environ['APP_URL'])\n", "alembic\npsycopg2\npython-decouple\n", **files
    )
    assert {fact.value.name: fact.value.required for fact in project.environment} == {
        "APP_URL": True,
        "OWNER_URL": True,
    }
    assert project.database
    assert project.database.value.variable == "APP_URL"
    assert [(fact.value.dialect, fact.value.variable, fact.value.driver) for fact in project.stores] == [
        ("postgresql", "OWNER_URL", "psycopg2")
    ]


@pytest.mark.parametrize(
    "tail",
    [
        "if context.is_offline_mode():\n    offline()\nelse:\n    online()\n",
        "if not context.is_offline_mode():\n    online()\nelse:\n    offline()\n",
        "if context.is_offline_mode():\n    os.environ['OFFLINE_URL']\nelse:\n    online()\n",
    ],
)
def test_what_alembic_reads_to_print_sql_need_not_be_given(tail: str) -> None:
    env = (
        "import os\nfrom alembic import context\ndef offline():\n    os.environ['OFFLINE_URL']\n"
        f"def online():\n    os.environ['ONLINE']\n{tail}"
    )
    files = {"alembic.ini": "[alembic]\nscript_location = alembic\n", "alembic/env.py": env}
    project = found(SYNC + "e = create_engine(os.environ['APP_URL'])\n", "alembic\npsycopg2\n", **files)
    required = {fact.value.name for fact in project.environment if fact.value.required}
    assert required == {"APP_URL", "ONLINE"}


def test_a_url_that_a_validator_puts_together_out_of_parts_is_not_required() -> None:
    code = (
        "from pydantic import field_validator\nfrom pydantic_settings import BaseSettings\n"
        "class S(BaseSettings):\n    host: str = 'a'\n    name: str = 'b'\n    url: str = ''\n"
        "    @field_validator('url', mode='after')\n    def put(cls, v, info):\n"
        "        return v or f\"postgresql+psycopg2://x@{info.data['host']}/{info.data['name']}\"\n"
    )
    project = found(SYNC + code + "e = create_engine(S().url)\n", "psycopg2\npydantic-settings\n")
    assert project.database
    assert project.database.value.parts == ("HOST", "NAME")
    assert [fact.value.name for fact in project.environment if fact.value.required] == []


@pytest.mark.parametrize(("needs", "told"), [("yoyo-migrations\n", True), ("", False)])
def test_migrations_that_nothing_here_applies_are_told(needs: str, told: bool) -> None:
    wanted = (
        "yoyo-migrations is declared, and nothing applies its migrations before the start: `run -- yoyo apply` in a "
    )
    notes = [fact.value for fact in found("", needs).notes]
    assert (wanted + "container does" in notes) is told


def test_a_database_on_a_volume_needs_no_word() -> None:
    notes = found(SYNC + "e = create_engine('sqlite:////data/x.db')\n", "sqlalchemy\n").notes
    assert [fact.value for fact in notes if "SQLite" in fact.value] == []


@pytest.mark.parametrize(
    ("scheme", "version", "driver"), [("postgresql", "2.0.36", "psycopg2"), ("postgresql", "2.1.0", "psycopg")]
)
def test_a_scheme_without_a_driver_means_sqlalchemys_own(scheme: str, version: str, driver: str) -> None:
    needs = Dependencies(manager="x", files=("x",), requirements=(f"sqlalchemy=={version}",), locked=False)
    has = settings_drivers.declared(needs)
    assert settings_drivers.driver("postgresql", f"{scheme}://db/x", has, asynchronous=False) == driver


REVISION = "revision = '{}'\ndown_revision = {}\n"


def test_the_ini_nearest_to_the_root_is_taken_and_the_others_told() -> None:
    ini = "[alembic]\nscript_location = %(here)s/{}\n"
    project = found("", "alembic\n", **{
        "alembic.ini": ini.format("m"), "m/env.py": "", "plugins/x/alembic.ini": ini.format("n"),
        "plugins/x/n/env.py": "", "old/alembic.ini": ini.format("o"), "old/o/env.py": "",
        "m/versions/a.py": REVISION.format("a", None),
    })  # fmt: skip
    assert project.migrations is not None
    assert (project.migrations.value.config, project.migrations.value.heads) == ("alembic.ini", ("a",))
    assert project.migrations.others == ("old/alembic.ini:2, section `alembic`, of old/o",)


@pytest.mark.parametrize(
    ("env", "variable", "is_async"),
    [
        ("config.set_main_option('sqlalchemy.url', os.environ['M_URL'])\n", "M_URL", False),
        ("engine = create_async_engine(os.environ['M_URL'])\n", "M_URL", True),
        ("from main import URL\nsection = {}\nsection['sqlalchemy.url'] = URL\n", "A_URL", False),
        ("engine = engine_from_config({})\n", None, False),
    ],
)
def test_the_url_that_migrations_open(env: str, variable: str | None, is_async: bool) -> None:
    ini = "[alembic]\nscript_location = m\n"
    code = "import os\nURL = os.environ['A_URL']\n"
    project = found(code, "alembic\n", **{"alembic.ini": ini, "m/env.py": "import os\n" + env})
    assert project.migrations is not None
    assert (project.migrations.value.variable, project.migrations.value.is_async) == (variable, is_async)


@pytest.mark.parametrize(
    ("env", "line", "says", "given"),
    [
        ("url = config.get_main_option('sqlalchemy.url')\n", "", "sqlalchemy.url", True),
        ("url = config.get_main_option('sqlalchemy.url')\n", "", "script_location", False),
        (
            "url = config.get_main_option('sqlalchemy.url')\n",
            "sqlalchemy.url = sqlite:///x.db\n",
            "sqlalchemy.url",
            False,
        ),
        ("config.set_main_option('sqlalchemy.url', URL)\n", "", "sqlalchemy.url", False),
        ("engine = create_engine(URL)\n", "", "sqlalchemy.url", False),
    ],
)
def test_the_url_may_be_given_to_alembic_by_who_runs_it(env: str, line: str, says: str, given: bool) -> None:
    code = f"def upgrade(config, url):\n    config.set_main_option('{says}', url)\n"
    ini = f"[alembic]\nscript_location = m\n{line}"
    project = found(code, "alembic\n", **{"alembic.ini": ini, "m/env.py": "from main import URL\n" + env})
    assert project.migrations is not None
    assert project.migrations.value.url_given is given


@pytest.mark.parametrize(
    ("location", "folder"),
    [("app:db/m", "src/app/db/m"), ("app.db:m", "src/app/db/m"), ("backend/src/app/db/m", "src/app/db/m")],
)
def test_the_folder_of_revisions_is_found(location: str, folder: str) -> None:
    ini = f"[alembic]\nscript_location = {location}\n"
    project = found("", "alembic\n", **{"alembic.ini": ini, "src/app/db/m/env.py": ""})
    assert project.migrations is not None
    assert project.migrations.value.folder == folder


@pytest.mark.parametrize(
    ("ini", "message"),
    [
        ("script_location = m\n", "alembic.ini:1: is not an INI file"),
        ("[alembic]\nscript_location = n\n", "alembic.ini:2: `script_location` is `n`, and there is no such folder"),
    ],
)
def test_an_ini_that_nothing_can_run_is_refused(ini: str, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        found("", "alembic\n", **{"alembic.ini": ini + "script_location = m\n" * ("[" not in ini), "m/env.py": ""})
    assert str(refused.value) == message


@pytest.mark.parametrize(
    "code",
    [
        SYNC + "e = create_engine(e)\n",
        SYNC + "def f(u):\n    return create_engine(f(u))\nf(f)\n",
        SYNC + "e = create_engine(*e, **e)\ne = create_engine()\n",
        "from tortoise import Tortoise\nC = {'connections': {'default': C}}\nTortoise.init(config=C)\n",
        "open(open)\nopen('a\\0b')\nopen('../' * 500)\nopen(f'{1}{2}')\nopen('x' * 10**8)\n",
        "from pathlib import Path\nP = Path(__file__).parents[10**9] / P\nopen(P)\n",
    ],
    ids=range(6),
)
def test_no_code_stops_the_search(code: str) -> None:
    assert found(code, "sqlalchemy\ntortoise-orm\n").application.value.target == "main:app"
