"""`python -m sdlc_lens`, or `sdlc-lens`: serve, bound as the environment says."""

import uvicorn

from sdlc_lens.config import Settings


def main() -> None:
    """Serve until the process is told to stop."""
    settings = Settings()
    uvicorn.run(
        "sdlc_lens.main:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level.lower(),
    )


if __name__ == "__main__":
    main()
