"""`python -m lading`, the same as `lading`."""

import sys

from lading.cli import main

sys.exit(main())
