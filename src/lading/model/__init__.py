"""The nouns: frozen values that one stage hands to the next. Standard library only; nothing here does anything.

`Source` lives in `source.py`, because it alone can read.
"""

from __future__ import annotations

from collections.abc import Callable

from lading.model.image import Contents, File, Image, Layer
from lading.model.plan import (
    PLAN_VERSION,
    App,
    Backing,
    Base,
    Binding,
    Healthcheck,
    Plan,
    Program,
    Serving,
    User,
)
from lading.model.project import (
    Application,
    Confidence,
    Cors,
    Database,
    Dependencies,
    Fact,
    Index,
    Layout,
    Migrations,
    Packaging,
    Place,
    Project,
    Route,
    Server,
    Service,
    SystemPackage,
    Variable,
    Worker,
)
from lading.model.report import Criterion, Finding, Report, Verdict
from lading.model.run import (
    Answer,
    Development,
    Handover,
    Observation,
    Outcome,
    Process,
    Reply,
    Request,
    Run,
    Scrape,
    Start,
)

#: Told what a long step is doing, one line at a time; the command line shows it on standard error.
Progress = Callable[[str], None]

__all__ = [
    "PLAN_VERSION", "Answer", "App", "Application", "Backing", "Base", "Binding", "Confidence", "Contents", "Cors",
    "Criterion", "Database", "Dependencies", "Development", "Fact", "File", "Finding", "Handover", "Healthcheck",
    "Image", "Index", "Layer", "Layout", "Migrations", "Observation", "Outcome", "Packaging", "Place", "Plan",
    "Process", "Program", "Progress", "Project", "Reply", "Report", "Request", "Route", "Run", "Scrape", "Server",
    "Service", "Serving", "Start", "SystemPackage", "User", "Variable", "Verdict", "Worker",
]  # fmt: skip
