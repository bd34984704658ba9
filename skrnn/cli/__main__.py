"""``python -m skrnn.cli`` does what ``skrnn`` does."""

import sys

from skrnn.cli import main

sys.exit(main())
