from fastapi import FastAPI as Api

admin = Api()


@admin.get("/health/{name}")
def health(name: str):
    return name
