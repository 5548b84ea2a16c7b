"""Plan + Source → Image: by ourselves, without a daemon, or by Docker."""
