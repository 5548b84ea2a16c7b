from fastapi import FastAPI


def build():
    return FastAPI()
