from app.api import listed, other

SOME = [listed.router] + [*other.ROUTERS]
