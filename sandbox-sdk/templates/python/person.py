"""A guest of the person form in Python: medication possession ratio. Months in which a drug of class 396 (diabetes) was dispensed, divided
by the months from the first of them to the last, both counted. Who was never given one has no row.

The rows of a person come in ascending order of their month, so the last month seen is the greatest. The host puts all variables back
before each person.
"""

CLASS = "396"

# First and last month `yyyymm`; 0 is none.
first = 0
last = 0
# Months with a dispensing.
months = 0


def count(ym: int) -> int:
    """Months since the year 0."""
    return ym // 100 * 12 + ym % 100


def row(ym: int | None, yj_code: str | None) -> None:
    """One row of the person."""
    global first, last, months
    if ym is None or yj_code is None or yj_code[:3] != CLASS or ym == last:
        return
    if first == 0:
        first = ym
    last = ym
    months += 1


def finish() -> int:
    """After the last row: one row about this person, or none."""
    return 1 if months > 0 else 0


# One function for each column of the manifest.


def get_ratio(row: int) -> float:
    return months / (count(last) - count(first) + 1)


def get_months(row: int) -> int:
    return months


def get_first(row: int) -> int:
    return first


def get_last(row: int) -> int:
    return last
