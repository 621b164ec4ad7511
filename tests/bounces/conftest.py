"""One thread for matrix products: the machine's other cores run other tests."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
