import fastapi.
