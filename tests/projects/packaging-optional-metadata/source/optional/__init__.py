"""Says its version where it is installed."""

__version__ = "1.0"
