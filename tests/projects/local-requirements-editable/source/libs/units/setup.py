from setuptools import find_packages, setup

setup(name="units", version="1.0", packages=find_packages("src"), package_dir={"": "src"}, install_requires=["iniconfig"])
