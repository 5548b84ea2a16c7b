"""The routes, one module a subject. Each has its whole prefix, which is what the metrics name."""
