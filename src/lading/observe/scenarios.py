"""Plan → the starts to try: what a user may do with the container, one value each."""

from __future__ import annotations

from lading.model import Plan, Start, Variable

#: For a variable that must be set and has no default: long enough for a key, and plainly nobody's.
GENERATED = "lading-probe-0123456789abcdef0123456789abcdef"


def starts(plan: Plan) -> tuple[Start, ...]:
    """The starts that an observation tries, a start that reuses another's volume after all that do not.

    Each kind of mount is tried once on an empty volume, and what asks nothing of the volume gets one that is up to
    date: to bring a new one there is half of what a start costs. The stall takes a second of nobody's time: it is in a
    start of the first batch, beside others that are busy.
    """
    port, other = int(plan.port.default), 9000 if plan.port.default != "9000" else 9001
    given = generated(plan)
    here = ("127.0.0.1", port)
    found = [Start(name="defaults", environment=given, connect=here, samples=50)]
    database = plan.database
    if database and database.dialect == "sqlite" and database.variable:
        # The driver stays the project's: an application that is asynchronous needs an asynchronous one.
        scheme = (plan.env.get(database.variable) or database.url or "sqlite:").partition(":")[0]
        url = f"{scheme}:///{plan.volume}/lading-probe.db"
        found.append(Start(name="database", environment={**given, database.variable: url}, connect=here, mount="bind"))
    else:
        found.append(Start(name="bind", environment=given, connect=here, mount="bind"))
    found += [
        Start(name="tmpfs", environment=given, connect=here, mount="tmpfs", stall=True),
        Start(
            name="port",
            environment={**given, plan.port.variable: str(other)},
            reuse="defaults",
            connect=("127.0.0.1", other),
            refused=(here,),
        ),
        Start(
            name="host",
            environment={**given, plan.host.variable: "127.0.0.2"},
            reuse="defaults",
            connect=("127.0.0.2", port),
            refused=(here,),
        ),
    ]
    return tuple(found)


def generated(plan: Plan) -> dict[str, str]:
    """A harmless value for each variable that the project cannot do without and the image does not set.

    Where that is the address of a service, nothing is there, and the launcher need not wait a minute for it.
    """
    given = {one.name: _value(plan, one) for one in plan.variables if one.required and not _set(plan, one)}
    absent = any(one.variable in given for one in plan.backing)
    return given | ({"LADING_WAIT_SECONDS": "1"} if absent else {})


def _set(plan: Plan, one: Variable) -> bool:
    return one.default is not None or one.name in plan.env


def _value(plan: Plan, one: Variable) -> str:
    if one.name in {plan.host.variable, plan.port.variable, plan.log_level.variable}:
        bindings = (plan.host, plan.port, plan.log_level)
        return next(binding.default for binding in bindings if binding.variable == one.name)
    if plan.database and plan.database.variable == one.name:
        if plan.database.dialect == "sqlite":
            return f"sqlite:///{plan.volume}/lading.db"
        return f"{plan.database.dialect}://lading:lading@127.0.0.1:1/lading"
    if one.name.upper().endswith(("URL", "URI")):
        return "http://127.0.0.1:1/"
    if one.name.upper().endswith(("PORT", "COUNT", "SIZE", "SECONDS", "LIMIT")):
        return "1"
    return GENERATED.ljust(one.least or 0, "0")
