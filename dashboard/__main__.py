"""``python -m dashboard`` is the command ``stratoscope``."""

import sys

from dashboard.cli import main

sys.exit(main())
