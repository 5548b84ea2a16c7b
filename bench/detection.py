"""What detection says about real repositories, against what is true of them.

    bench/detection.py --corpus FILE --sources DIR [--only ID …] [--misses FIELD …]

FILE is a list of repositories with their truth, DIR/<id> is each one's checkout. Detection starts at the repository's
root, as a user would; where that fails, or chooses another service, the fields below are asked of the service that the
truth names, so that one wrong answer is counted once. How each field is compared is said where it is: a list that has
no order is compared as a set, and a truth of "none" is met only by saying none.
"""

import argparse
import json
import posixpath
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lading import settings
from lading.detect import detect
from lading.errors import Error
from lading.model import Fact, Project
from lading.source import Directory


@dataclass(frozen=True)
class Case:
    """A repository: what is true, what we said, and the folder that what we said is relative to."""

    truth: Mapping[str, Any]
    said: Project
    root: str

    def at(self, path: str) -> str:
        """A path of ours, from the repository's root."""
        return posixpath.normpath(posixpath.join(self.root, path))


@dataclass(frozen=True)
class Answer:
    """How one field of one repository came out; `right` is None where the truth does not say."""

    right: bool | None
    said: object
    true: object
    fact: Fact[Any] | None = None


def judge(right: bool | None, said: object, true: object, fact: Fact[Any] | None = None) -> Answer:
    return Answer(right, said, true, fact)


# ── dependencies and Python ──────────────────────────────────────────────────────────────────────────────────────────

_SAME_MANAGER = {
    "requirements.txt": "requirements", "pip": "requirements", "pep621": "pyproject", "setup.cfg": "setuptools",
    "setup.py": "setuptools", "setup": "setuptools",
}  # fmt: skip


def manager(case: Case) -> Answer:
    """The first word of the truth; `setup.cfg` and `setup.py` are both setuptools."""

    def one(text: str) -> str:
        word = re.split(r"[ /(]", text)[0]
        return _SAME_MANAGER.get(word, word)

    said, true = case.said.dependencies.value.manager, case.truth["dependency"]["manager"]
    return judge(one(said) == one(true), said, true, case.said.dependencies)


def files(case: Case) -> Answer:
    """The entry file is one of the truth's, and none of ours is of another tool."""
    listed = case.truth["dependency"]["files"]
    true = {text.partition(" (")[0] for text in listed if "other tool" not in text}
    others = {text.partition(" (")[0] for text in listed} - true
    said = [case.at(path) for path in case.said.dependencies.value.files]
    return judge(bool(said) and said[0] in true and not others & set(said), said, listed, case.said.dependencies)


def locked(case: Case) -> Answer:
    """Whether a lock decides every version."""
    said, true = case.said.dependencies.value.locked, case.truth["dependency"]["locked"]
    return judge(said == true, said, true, case.said.dependencies)


def extras(case: Case) -> Answer:
    """The project's own extras that production needs, as a set."""
    said, true = case.said.dependencies.value.extras, case.truth["dependency"]["extras"]
    return judge(set(said) == set(true), said, true, case.said.dependencies)


def build_backend(case: Case) -> Answer:
    """The distribution that the back end's module is of."""
    true = case.truth["dependency"]["build_backend"]
    module = case.said.packaging.value.backend if case.said.packaging else None
    said = module and module.partition(":")[0].partition(".build")[0].replace("poetry.core.masonry.api", "poetry-core")
    same = (said or "").replace("_", "-").split(".")[0] == (true or "").split(" ")[0].replace("_", "-")
    return judge(same, module, true, case.said.packaging)


def python(case: Case) -> Answer:
    """The same minor releases as the declared one allows, and the tested release among them.

    A version file that pins a patch may be read as "this minor release or a newer one". Where nothing is declared, what
    a Dockerfile or the syntax shows is no miss as long as it allows the release that was tested.
    """
    from packaging.specifiers import SpecifierSet

    fact, truth = case.said.python, case.truth["python"]
    true, tested = truth["requires"], truth["tested"]
    said = fact.value if fact else None
    if said is None:
        return judge(true is None, None, true)
    ours = SpecifierSet(said)
    if true is None or true.startswith(".python-version"):
        return judge(ours.contains(tested), said, f"{true}, tested {tested}", fact)
    theirs = SpecifierSet(_specifier(true))
    versions = [f"3.{minor}.{patch}" for minor in range(7, 16) for patch in (0, 7, 13, 50)]
    same = all(ours.contains(version) == theirs.contains(version) for version in [*versions, tested])
    return judge(same, said, true, fact)


def _specifier(text: str) -> str:
    """`^3.10`, `3.11.7 (exact)` and PEP 440's own as PEP 440's own."""
    text = text.partition(" (")[0]
    if text.startswith("^"):
        return f">={text[1:]},<4"
    if not text[0].isdigit():
        return text
    return f"=={text}.*" if text.count(".") == 1 else f"=={text}"  # a Pipfile's `3.11` is any 3.11


# ── the application and how it is served ─────────────────────────────────────────────────────────────────────────────


def _alternative(case: Case) -> Mapping[str, Any]:
    """The truth, or the one of its alternatives that we named."""
    asgi: Mapping[str, Any] = case.truth["asgi"]
    for text in asgi["alternatives"]:
        target = text.partition(" ")[0]
        if target == case.said.application.value.target:
            return {**asgi, "target": target, "factory": "factory" in text}
    return asgi


def target(case: Case) -> Answer:
    """`module:attribute`, or one of the alternatives."""
    said, true = case.said.application.value.target, _alternative(case)["target"]
    return judge(said == true, said, true, case.said.application)


def factory(case: Case) -> Answer:
    """Whether the attribute is called."""
    said, true = case.said.application.value.factory, _alternative(case)["factory"]
    return judge(said == true, said, true, case.said.application)


def app_dirs(case: Case) -> Answer:
    """Every folder that must be importable, as a set."""
    app = case.said.application.value
    said = {case.at(folder) for folder in (app.folder, *app.folders)}
    true = {posixpath.normpath(folder) for folder in case.truth["asgi"]["app_dirs"]}
    return judge(said == true, sorted(said), sorted(true), case.said.application)


def port(case: Case) -> Answer:
    """What the project's own start command binds; where it says nothing, 8000 is everybody's default."""
    said = case.said.listens.value if case.said.listens else None
    return judge((said or 8000) == case.truth["port"], said, case.truth["port"], case.said.listens)


def health(case: Case) -> Answer:
    """The path, or none."""
    said, true = case.said.health.value if case.said.health else None, case.truth["health"]["path"]
    return judge(said == true, said, true, case.said.health)


# ── data ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_DIALECTS = {"postgres": "postgresql", "mongo": "mongodb", "mariadb": "mysql"}
_SERVICES = {"postgresql": "postgres", "mongodb": "mongo", "mariadb": "mysql", "amqp": "rabbitmq", "pyamqp": "rabbitmq"}
#: Services that a client library gives away; others are reached over HTTP by an address, which nothing static tells.
_KNOWN = {"postgres", "mysql", "mongo", "redis", "rabbitmq"}


def engine(case: Case) -> Answer:
    """The dialect, any where the truth names several; where it names none, none, or a cache that is not one."""
    true = case.truth["db"]["engine"] if case.truth["db"] else None
    said = case.said.database.value.dialect if case.said.database else None
    if true is None:
        return judge(said in {None, "redis"}, said, true, case.said.database)
    allowed = {_DIALECTS.get(word, word) for word in re.findall(r"[a-z]+", re.sub(r"\(.*?\)", "", true))} - {"or"}
    return judge(said in allowed, said, true, case.said.database)


def driver(case: Case) -> Answer:
    """One of the truth's; Python's own sqlite3 may go unsaid."""
    true = case.truth["db"]["drivers"] if case.truth["db"] else []
    said = case.said.database.value.driver if case.said.database else None
    words = {word for text in true for word in re.findall(r"[a-z][a-z0-9-]+", text)}
    if not (case.truth["db"] or {}).get("engine"):
        return judge(said is None or said in words, said, true, case.said.database)
    words |= {word.removesuffix("-binary") for word in words}
    return judge(
        (said or "sqlite3") in words or (said == "pysqlite" and "sqlite3" in words), said, true, case.said.database
    )


def database_variables(case: Case) -> Answer:
    """None that is not in the truth, and the URL's variable or four fifths of its parts (F1 of the two sets).

    A service that is reached over HTTP by an address, and has no client library, is not asked for.
    """
    truth = case.truth["db"] or {"engine": None, "drivers": [], "env": []}
    true = {text.split(" ")[0] for text in truth["env"]}
    if not truth["engine"] and any("HTTP" in text for text in truth["drivers"]):
        return judge(None, None, None)
    stores = [fact for fact in (case.said.database, *case.said.stores) if fact]
    asked = stores[:1] if truth["engine"] else stores
    said = {name for fact in asked for name in (fact.value.variable, *fact.value.parts) if name}
    whole = bool(said) and said <= true and any(re.search(r"UR[LI]|DSN|CONN", name) for name in said)
    return judge(whole or _f1(said, true) >= 0.8, sorted(said), sorted(true), case.said.database)


def _f1(said: set[str], true: set[str]) -> float:
    return 2 * len(said & true) / (len(said) + len(true)) if said or true else 1.0


def migrations(case: Case) -> Answer:
    """The tool; a tool of the project's own is met by `script`, `create_all` or nothing."""
    true = (case.truth["migrations"] or {}).get("tool")
    said = case.said.migrations.value.tool if case.said.migrations else None
    word = (true or "").split(" ")[0]
    right = said in {None, "script", "create_all"} if word == "own" else (said or "") == word
    return judge(right, said, true, case.said.migrations)


def migrations_config(case: Case) -> Answer:
    """The ini file's path; nothing is asked where there is none."""
    true = (case.truth["migrations"] or {}).get("ini")
    if true is None:
        return judge(None, None, None)
    true = true.partition(" (")[0]
    found = case.said.migrations.value.config if case.said.migrations else None
    return judge(found is not None and case.at(found) == true, found, true, case.said.migrations)


_QUEUES = ("celery", "dramatiq", "arq", "rq", "taskiq", "huey", "faststream")


def workers(case: Case) -> Answer:
    """The kinds, as a set, of the libraries that there are; supervisors of the project's own are not asked for."""
    words = {re.split(r"[ (]", one["kind"])[0] for one in case.truth["workers"]}
    true, said = words & set(_QUEUES), {fact.value.kind for fact in case.said.workers} & set(_QUEUES)
    return judge(true == said, sorted(said), sorted(words), next(iter(case.said.workers), None))


def worker_targets(case: Case) -> Answer:
    """Each worker's object is in the truth's command; nothing is asked where the truth has no command with one."""
    commands = [one["cmd"] or "" for one in case.truth["workers"] if re.split(r"[ (]", one["kind"])[0] in _QUEUES]
    commands = [text for text in commands if not text.startswith("python")]
    if not commands:
        return judge(None, None, None)
    said = [fact.value.target for fact in case.said.workers if fact.value.kind in _QUEUES]
    plain = " ".join(commands).replace(":", ".")
    return judge(bool(said) and any(one.replace(":", ".") in plain for one in said), said, commands)


def services(case: Case) -> Answer:
    """What must run for full use, as a set, of the stores and brokers that a client library gives away.

    Where the truth's engine is SQLite or a server, the server may go unsaid.
    """
    true = set(case.truth["services"]["full"]) & _KNOWN
    dialects = [fact.value.dialect for fact in (case.said.database, *case.said.stores) if fact]
    defaults = {fact.value.name: fact.value.default or "" for fact in case.said.environment}
    brokers = [defaults.get(fact.value.broker or "", "").partition(":")[0] for fact in case.said.workers]
    said = {_SERVICES.get(one, one) for one in (*dialects, *brokers)} & _KNOWN
    engine = (case.truth["db"] or {}).get("engine") or ""
    spare = {"postgres", "mysql"} if "sqlite" in engine and " or " in engine else set()
    return judge(said - spare == true - spare, sorted(said), case.truth["services"]["full"], case.said.database)


# ── what it must be given ────────────────────────────────────────────────────────────────────────────────────────────


def required(case: Case) -> Answer:
    """The variables without which it does not start, as a set; not asked where nobody measured it and some are set."""
    truth = case.truth["required_env"]
    if not truth["measured"] and truth["example"]:
        return judge(None, None, None)
    said = {fact.value.name for fact in case.said.environment if fact.value.required}
    return judge(said == set(truth["names"]), sorted(said), sorted(truth["names"]))


def required_files(case: Case) -> Answer:
    """Settings and certificates that must exist although the tree has none, as a set."""
    absent = (fact.value for fact in case.said.paths if not fact.value.present and not fact.value.written)
    said = {case.at(one.path) for one in absent if one.use in {"settings", "certificates"}}
    true = {posixpath.normpath(path) for path in case.truth["required_files"]}
    return judge(said == true, sorted(said), sorted(true))


def system(stage: str, key: str) -> Callable[[Case], Answer]:
    def packages(case: Case) -> Answer:
        """Debian packages of one stage, as a set; the names of the 64-bit time transition are the same ones."""
        facts = [fact for fact in case.said.system if fact.value.stage == stage]
        true = {text.split(" ")[0] for text in case.truth["system_packages"][key]}
        said = {fact.value.name.removesuffix("t64") for fact in facts}
        return judge(said == true, sorted(said), sorted(true), next(iter(facts), None))

    return packages


FIELDS: Mapping[str, Callable[[Case], Answer]] = {
    "manager": manager, "files": files, "locked": locked, "extras": extras, "build_backend": build_backend,
    "python": python, "target": target, "factory": factory, "app_dirs": app_dirs, "port": port, "health": health,
    "engine": engine, "driver": driver, "database_variables": database_variables, "migrations": migrations,
    "migrations_config": migrations_config, "workers": workers, "worker_targets": worker_targets, "services": services,
    "required": required, "required_files": required_files, "system_build": system("build", "build"),
    "system_run": system("run", "runtime"),
}  # fmt: skip


# ── asking and printing ──────────────────────────────────────────────────────────────────────────────────────────────


def ask(folder: Path) -> Project | str:
    """The project, or the error in a sentence. A crash is an answer too, the worst one."""
    source = Directory(folder)
    try:
        return detect(source, settings.load(source, {}, {}))
    except Error as error:
        return f"error: {error}"
    except Exception as error:  # noqa: BLE001 - it is counted and shown, and the other repositories are still asked
        return f"CRASH: {type(error).__name__}: {error}"


def chosen(said: Project | str) -> str | None:
    """The folder of the service that was chosen at the repository's root."""
    if isinstance(said, str):
        return None
    return said.services[0].value.folder if said.services else "."


def score(truth: Mapping[str, Any], folder: Path) -> dict[str, Answer]:
    said, true = ask(folder), posixpath.normpath(truth["backend_root"])
    root = chosen(said)
    shown: object = root if root is not None else said
    answers = {"backend_root": judge(root == true, shown, true)}
    if root != true:
        said = ask(folder / true)
    for name, field in FIELDS.items():
        if isinstance(said, str):
            asked = field(Case(truth, _nothing(), true)).right is not None
            answers[name] = judge(False if asked else None, said, "")
        else:
            answers[name] = field(Case(truth, said, true))
    return answers


def _nothing() -> Project:
    from lading.model import Application, Dependencies

    needs = Dependencies(manager="", files=(), requirements=(), locked=False)
    return Project(name=Fact("", ""), dependencies=Fact(needs, ""), application=Fact(Application(target=":"), ""))


def misses(results: Mapping[str, Mapping[str, Answer]], only: Sequence[str]) -> Iterator[str]:
    for name, answers in results.items():
        wrong = {field: answer for field, answer in answers.items() if answer.right is False}
        if wrong:
            yield f"\n{name}"
        errors = dict.fromkeys(
            str(one.said) for one in wrong.values() if str(one.said).startswith(("error:", "CRASH:"))
        )
        yield from (f"  {error}" for error in errors)
        for field, answer in wrong.items():
            if (not only or field in only) and str(answer.said) not in errors:
                because = f"   ({answer.fact.confidence}, {answer.fact.because})" if answer.fact else ""
                yield f"  {field:20} said {answer.said}{because}"
                yield f"  {'':20} true {answer.true}"


def share(right: int, asked: int) -> str:
    return f"{right:4} of {asked:4}  {100 * right / asked:5.1f} %" if asked else "   0 of    0"


def show(results: Mapping[str, Mapping[str, Answer]], seconds: float, only: Sequence[str]) -> None:
    print("field by field\n")
    for field in ("backend_root", *FIELDS):
        column = [answers[field].right for answers in results.values()]
        asked = [right for right in column if right is not None]
        bad = " ".join(name for name, answers in results.items() if answers[field].right is False)
        print(f"  {field:20} {share(sum(asked), len(asked))}  {bad}")
    print("\nrepository by repository\n")
    whole = 0
    for name, answers in results.items():
        asked = [answer.right for answer in answers.values() if answer.right is not None]
        whole += all(asked)
        bad = " ".join(field for field, answer in answers.items() if answer.right is False)
        print(f"  {name:20} {share(sum(asked), len(asked))}  {bad}")
    print("\nwhat was missed\n" + "\n".join(misses(results, only)))
    every = [answer for answers in results.values() for answer in answers.values() if answer.right is not None]
    print("\nhow sure we were\n")
    for confidence in ("sure", "likely", "guess"):
        some = [bool(answer.right) for answer in every if answer.fact and answer.fact.confidence == confidence]
        print(f"  {confidence:20} {share(sum(some), len(some))}")
    print(f"\nfields               {share(sum(bool(answer.right) for answer in every), len(every))}")
    print(f"whole repositories   {share(whole, len(results))}")
    print(f"{seconds:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[], metavar="ID")
    parser.add_argument("--misses", nargs="*", default=[], metavar="FIELD", help="show the misses of these fields only")
    args = parser.parse_args()
    truths = [one for one in json.loads(args.corpus.read_text()) if not args.only or one["id"] in args.only]
    absent = [one["id"] for one in truths if not (args.sources / one["id"]).is_dir()]
    if absent:
        print(f"not laid out below {args.sources}: {' '.join(absent)}", file=sys.stderr)
    started = time.perf_counter()
    results = {one["id"]: score(one, args.sources / one["id"]) for one in truths if one["id"] not in absent}
    show(results, time.perf_counter() - started, args.misses)


if __name__ == "__main__":
    main()
