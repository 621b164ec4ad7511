"""Do the tests bite? Change one place of the product, run the tests that reach it, and see whether any of them fails.

    make mutate                       a seeded sample of 100
    make mutate ARGS="--sample 0"     every place, for a night
    make mutate ARGS="--only bot/missions/decisions.py --seed 7"

The changes are cosmic-ray's operators and two of our own (`operators.py`) for what it does not know: a guard that is
gone, an operand of `and` and `or` that is gone. A sample draws places first and one change of each place second, so
that an operator with many variants counts no more than one with a single variant. Which tests reach a place is read
from a covered run of the whole suite (`reach.py`), so that a change that nothing noticed was seen by all that could.
"""
