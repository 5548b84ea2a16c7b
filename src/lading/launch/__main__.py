"""Starts the launcher as a module, whose bytecode is kept: what Python is given as a program it compiles every time."""

import sys

sys.exit(__import__("launch").main(sys.argv[1:]))
