"""What runs in a container beside the application: this folder, as it is, is `/opt/lading`. `launch` says what it does.

Nothing but the standard library of Python 3.8 or later, of which each role imports only what it needs.
"""

import os
import sys

#: This folder, and that of the packages of the virtual environment, which the interpreter leaves out by `-S`.
HERE = os.path.dirname(os.path.abspath(__file__))
SITE = os.path.join(
    os.path.dirname(os.path.dirname(sys.executable)), "lib", f"python3.{sys.version_info[1]}", "site-packages"
)
