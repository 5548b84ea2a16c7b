"""How routes are called that say how a backend is."""

#: How the last part of a health route's path is called, the likeliest first; liveness comes before readiness.
NAMES = (
    "health", "healthz", "healthcheck", "health-check", "health_check", "live", "livez", "liveness", "alive",
    "heartbeat", "ping", "probe", "up", "is-alive", "is_alive", "isalive", "live-check", "_live", "_ping", "_up",
    "ready", "readyz", "readiness", "_ready", "is-ready", "is_ready", "_health", "_healthz", "check-health",
    "api-health", "app-health", "system-health", "service-health", "server-health", "healthy", "health-status",
    "health_status", "status", "_status", "server-status", "service-status", "app-status", "system-status",
)  # fmt: skip
#: What may follow `/health` where the answer is about more than the process.
DEEP = frozenset({"db", "database", "redis", "full", "deep", "detailed", "details", "dependencies", "all", "startup"})

#: The last parts of paths that are worth a look, in bytes.
TELLING = frozenset(name.encode() for name in (*NAMES, *DEEP, "metrics", "prometheus"))
