"""Plan → the files that `lading init` writes, one module an output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from lading.model import Plan
from lading.render import (
    compose,
    dockerfile,
    dockerignore,
    drift,
    environment,
    guide,
    launcher,
    layout,
    override,
    secrets,
)

__all__ = ["RENDERERS", "Renderer", "drift", "files", "layout", "secrets"]


class Renderer(Protocol):
    """What a module of this folder provides."""

    def render(self, plan: Plan, /) -> Mapping[str, str]:
        """Each file's path, from the project's root, and its text. Raises `BadInput` for what it cannot express."""


RENDERERS = dict[str, Renderer](
    dockerfile=dockerfile,
    dockerignore=dockerignore,
    launcher=launcher,
    compose=compose,
    override=override,
    environment=environment,
    guide=guide,
)


def files(plan: Plan) -> Mapping[str, str]:
    """Every file that belongs to `plan`, by path. Pure: the same plan gives the same text."""
    made = {path: text for renderer in RENDERERS.values() for path, text in renderer.render(plan).items()}
    return layout.placed(plan, made)
