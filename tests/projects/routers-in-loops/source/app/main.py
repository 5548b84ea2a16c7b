from fastapi import FastAPI

from app import more
from app.api import SOME, alive, counted, deep, named, versions
from app.more import everything

app = FastAPI()

# The module's attribute, not the module, is the router.
for module in (alive,):
    app.include_router(module.router)

# A list of another module, under the same prefix for all of them.
for router in SOME:
    app.include_router(router, prefix="/api")

# Pairs: each has a prefix of its own.
for prefix, router in {"/v1": versions.one, "/v2": versions.two}.items():
    app.include_router(router, prefix=f"{prefix}/system")

[app.include_router(one) for one in [module.router for module in (counted,)]]

for number, (name, router) in enumerate([("inner", deep.router)]):
    chosen = getattr(named, "router")
    app.include_router(router, prefix="/" + name)
    app.include_router(chosen, prefix="/" + name)

more.add(app, everything())
