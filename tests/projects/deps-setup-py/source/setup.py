import os

from setuptools import find_packages, setup

HERE = os.path.dirname(__file__)
EXTRA = ["httpx"]


def read(name):
    with open(os.path.join(HERE, name)) as file:
        return [line.strip() for line in file if line.strip()]


setup(
    name="service",
    python_requires=">=3.10",
    packages=find_packages(),
    install_requires=read("deploy/pins.txt") + EXTRA,
    extras_require={"test": ["pytest"]},
)
