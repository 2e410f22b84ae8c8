"""`python -m sentinel.cli` is `sentinel`."""

import sys

from sentinel.cli import main

sys.exit(main())
