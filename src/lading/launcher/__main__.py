"""Starts the launcher as a package, whose bytecode is kept: a program as such is compiled every time."""

import os
import sys

sys.path[0], package = os.path.split(os.path.dirname(os.path.abspath(__file__)))
sys.exit(__import__(f"{package}.launch", fromlist=["main"]).main(sys.argv[1:]))
