"""Before anything else is imported: one thread for matrix products; the other cores run other tests."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
