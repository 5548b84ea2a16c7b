"""lading: turns a FastAPI backend into a production container, and proves that the container works."""
