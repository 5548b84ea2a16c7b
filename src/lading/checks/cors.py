"""What pages of other origins were answered → whether the variable decides who may call from a browser, and only it.

Source: the Fetch standard, "CORS protocol"; a browser asks with `Origin`, and gives the answer to the page that
`Access-Control-Allow-Origin` names.
"""

from __future__ import annotations

from lading.checks.evidence import Check, Said, failed, never_answered, not_started, passed, skipped, unknown
from lading.model import Answer, Cors, Finding, Observation, Plan, Run

_ORIGIN, _CREDENTIALS = "access-control-allow-origin", "access-control-allow-credentials"


def _allowed(answer: Answer, origin: str) -> bool:
    return answer.allows.get(_ORIGIN) in {origin, "*"}


def _silent(answer: Answer) -> bool:
    """Whether an answer says nothing of origins because it was made before: it failed, or somebody else refused."""
    asked = answer.status is not None and (answer.status < 400 or answer.status in {404, 405})
    return not asked and _ORIGIN not in answer.allows


def _how(answer: Answer) -> str:
    return f"answered {answer.status}" if answer.status else f"got no answer: {answer.error}"


def cors_configures(host: Run | None, plan: Plan, observation: Observation | None) -> Said:
    """The variable for the origins decides whose pages a browser lets call, and pages of another are not let.

    It is set to one origin, written as the code takes it; a page of that origin and one of another ask the health path.
    Skipped where nothing in the code tells which variable decides; the setting `cors-variable` may. Skipped, too, where
    the starts set that variable anyway: it must be set, or is the host's, the port's or the log level's. Source: S3-6
    of the criteria; Starlette's "Middleware, CORSMiddleware".
    """
    cors = plan.server.cors
    if cors is None:
        return skipped("no variable was found that decides who may call from a browser; name one with `cors-variable`")
    if host is None:
        return not_started("host", observation)
    if not host.start.origins:
        return skipped(f"the starts set `{cors.variable}` to something else, so that none had an origin in it")
    if host.start.environment.get(cors.variable) is None:
        return unknown(f"no start had `{cors.variable}` set")
    if host.ready is None:
        return never_answered(host)
    if len(host.foreign) < 2:
        return unknown(f"nobody asked the start `{host.start.name}` as a page of another origin does")
    return _judged(host, cors, plan.because.get("server.cors", ""))


def _judged(host: Run, cors: Cors, where: str) -> Finding:
    (named, answer), (stranger, other) = host.foreign[:2]
    given = f"{cors.variable}={host.start.environment[cors.variable]}"
    said = f"with {given}"
    if lost := next((one for one in (answer, other) if _silent(one)), None):
        return unknown(f"{said}, GET {lost.path} {_how(lost)}, which says nothing of origins")
    if not _allowed(answer, named):
        why = answer.allows.get(_ORIGIN)
        told = f"with `{why}` alone" if why else "with no Access-Control-Allow-Origin"
        hint = (
            f"give `allow_origins` what `{cors.variable}` says; an origin has no slash at its end: where pydantic's "
            'URLs are used, which have one, take it off with `str(origin).rstrip("/")`'
        )
        return failed(f"{said} a page of {named} was answered {told}", where=where, hint=hint)
    if _allowed(other, stranger):
        hint = f"give `allow_origins` what `{cors.variable}` says, and nothing beside it that lets everybody in"
        return failed(f"{said} a page of {stranger} was let in too", where=where, hint=hint)
    return passed(f"{given}: its pages may call, those of {stranger} not", seconds=answer.seconds)


def cors_safe(defaults: Run) -> Said:
    """As the image comes, no browser gives a page of just any origin an answer that is made with the user's cookies.

    `allow_origins=["*"]` with `allow_credentials=True` does: a `*` alone no browser takes for a request with cookies,
    so Starlette answers one with the page's own origin, whichever that is. How much it gives away hangs on the
    cookies: the browser keeps to itself those that are `SameSite=Lax`, and a token in a header is no cookie. So it
    holds where criteria of your own name it. Source: Fetch standard, "CORS protocol and credentials"; OWASP's "HTML5
    Security Cheat Sheet, Cross Origin Resource Sharing".
    """
    if defaults.ready is None:
        return never_answered(defaults)
    if not defaults.foreign:
        return unknown(f"nobody asked the start `{defaults.start.name}` as a page of another origin does")
    origin, answer = defaults.foreign[0]
    if _silent(answer):
        return unknown(f"GET {answer.path} from a page of {origin} {_how(answer)}, which says nothing of origins")
    allows = answer.allows.get(_ORIGIN)
    if allows == origin and answer.allows.get(_CREDENTIALS, "").lower() == "true":
        hint = "name the origins, or leave `allow_credentials` out: only cookies need it"
        return failed(f"a page of {origin}, which nobody named, may call with the user's cookies", hint=hint)
    if allows is None:
        return passed(f"a page of {origin}, which nobody named, is not let in", seconds=answer.seconds)
    return passed(f"a page of {origin} gets what anybody gets: `{allows}`, without cookies", seconds=answer.seconds)


CHECKS: tuple[Check, ...] = (cors_configures, cors_safe)
