"""ACRO 1.0.2 (the reference checker for research outputs) beside our gate: times, and attacks.

    python acro_check.py DATA.parquet OUT.json     (or DATA.csv)

DATA: one row a claim, columns pid, pref, ym or year, sex, age5, points. Times are medians of
RUNS, in seconds, for three tables:
  plain           pandas alone
  check           ACRO's checks, nothing masked
  check_suppress  ACRO's checks, failing cells masked
and `end_to_end_*`, which also read the file, and for ACRO write its folder of outputs. The cases
are small frames with one secret each: does ACRO with suppression on print it, or numbers that
give it exactly? ACRO always ends with a human; `status` is what it tells him.
"""

import contextlib
import io
import json
import logging
import os
import statistics
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import acro
import numpy as np
import pandas as pd
import pyarrow.parquet
from acro.sdcchecks import SDCChecks

RUNS = 3
# the rules of our gate; all else stays as ACRO ships it
RULES = {"safe_threshold": 10, "safe_pratio_p": 0.10, "zeros_are_disclosive": True}
COLUMNS = ["pid", "pref", "ym", "year", "sex", "age5", "points"]


def main(data, out):
    """Time the three tables, run the cases, write OUT."""
    silence()
    with tempfile.TemporaryDirectory() as folder:
        data, out = Path(data).resolve(), Path(out).resolve()
        os.chdir(folder)  # ACRO writes where it stands
        report = {"acro": version("acro"), "pandas": pd.__version__, "config": session().config}
        report["rows"] = len(read(data))
        report["times"] = {name: times(data, job) for name, job in JOBS.items()}
        report["cases"] = [run_case(name, case) for name, case in CASES.items()]
        out.write_text(json.dumps(report, indent=1) + "\n")
        os.chdir(out.parent)


def silence():
    """ACRO logs every table, pandas and statsmodels warn about ACRO's calls."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


def session(suppress=True):
    """An ACRO session under our rules; its `config` argument only takes a file beside its code."""
    with contextlib.redirect_stdout(io.StringIO()):
        made = acro.ACRO(suppress=suppress)
    made.config |= RULES
    made.sdc_checks = SDCChecks(made.config)
    return made


def read(path):
    """The claims, with a `year` column of integers."""
    if path.suffix == ".csv":
        data = pd.read_csv(path, usecols=lambda name: name in COLUMNS)
    else:
        there = pyarrow.parquet.read_schema(path).names
        data = pd.read_parquet(path, columns=[name for name in COLUMNS if name in there])
    if "year" not in data:  # 202304, or text that starts with the year
        ym = data["ym"]
        data["year"] = ym // 100 if pd.api.types.is_integer_dtype(ym) else ym.astype(str).str[:4].astype(int)
    return data


# each works on pandas itself and on an ACRO session
JOBS = {
    "count pref x sex": lambda by, d: by.crosstab(d["pref"], d["sex"]),
    "count pref x [sex, age5]": lambda by, d: by.crosstab(d["pref"], [d["sex"], d["age5"]]),
    "mean points pref x year": lambda by, d: by.crosstab(
        d["pref"], d["year"], values=d["points"], aggfunc="mean"
    ),
}


def times(path, job):
    """Median seconds of one table, by way of making it."""
    data = read(path)
    return {
        "plain": median(lambda: job(pd, data)),
        "check": median(lambda: job(session(False), data)),
        "check_suppress": median(lambda: job(session(True), data)),
        "end_to_end_plain": median(lambda: job(pd, read(path)).to_csv("plain.csv")),
        "end_to_end_check_suppress": median(lambda: whole(path, job)),
    }


def whole(path, job):
    """Read, check, mask, and write ACRO's folder."""
    made = session(True)
    job(made, read(path))
    with tempfile.TemporaryDirectory() as parent:
        made.finalise(str(Path(parent, "outputs")))


def median(run):
    """Median seconds of RUNS silent runs."""
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            run()
        seconds.append(time.perf_counter() - start)
    return round(statistics.median(seconds), 4)


def run_case(name, case):
    """One attack in a session of its own."""
    made = session(True)
    with contextlib.redirect_stdout(io.StringIO()):
        lets_through, why = case(made)
    status = [record.status for record in made.results.results.values()]
    return {"case": name, "lets_through": bool(lets_through), "why": why, "status": status}


def rows(*blocks):
    """A frame of blocks of (count, {column: value or list of that many values})."""
    return pd.concat([pd.DataFrame(block, index=range(count)) for count, block in blocks], ignore_index=True)


def people(cell, size, first=0, **more):
    """`size` people of one row each: group `g` is `cell`, points around 1,000."""
    points = list(1000.0 + np.arange(size) % 7)
    return size, {"pid": list(range(first, first + size)), "g": cell, "sex": 1, "points": points} | more


def shows(table, value):
    """Whether a printed table holds a value."""
    return bool(np.isclose(table.to_numpy(dtype=float), value).any())


def inflate_rows(by):
    """One patient with 40 rows."""
    d = rows((40, {"pid": 0, "g": "a", "sex": 1}), people("b", 60, 1))
    table = by.crosstab(d.g, d.sex)
    return shows(table, 40), f"cell of 1 patient shows {table.loc['a', 1]}: rows are counted, not people"


def small_cell(by):
    """Four people."""
    d = rows(people("a", 4), people("b", 60, 4))
    table = by.crosstab(d.g, d.sex)
    return shows(table, 4), f"cell of 4 patients shows {table.loc['a', 1]}"


def two_by_two():
    """30, 4 / 40, 50: the 4 is the secret; keys are integers."""
    cells = {(1, 1): 30, (1, 2): 4, (2, 1): 40, (2, 2): 50}
    return rows(*((n, {"g": g, "sex": s}) for (g, s), n in cells.items()))


def margin_integer_keys(by):
    """Totals beside a masked cell."""
    d = two_by_two()
    table = by.crosstab(d.g, d.sex, margins=True)
    found = shows(table, 4) or shows(table, 34)
    return found, f"the row of the cell of 4 shows {table.loc[1].tolist()}"


def margin_two_outputs(by):
    """The same totals as further outputs."""
    d = two_by_two()
    one = pd.Series(1, index=d.index, name="all")
    table, totals = by.crosstab(d.g, d.sex), by.crosstab(d.g, one)
    secret = totals.loc[1].sum() - np.nansum(table.loc[1])
    return secret == 4, f"total minus the other cell is {secret}: outputs are not compared"


def with_and_without(by):
    """The same table with and without one patient who has hiv."""
    d = rows(people("a", 40, hiv=1), people("a", 60, 40, hiv=0))
    with_him, without = (by.crosstab(x.hiv, x.sex) for x in (d, d[d.pid != 0]))
    secret = with_him.loc[1, 1] - without.loc[1, 1]
    return secret == 1, f"the tables differ by {secret} in the cell hiv=1: outputs are not compared"


def dominance_one_row(by):
    """One patient has nearly all points, in one row."""
    d = rows((1, {"pid": 0, "g": "a", "sex": 1, "points": 500_000.0}), people("a", 20, 1, points=50.0), people("b", 60, 21))
    table = by.crosstab(d.g, d.sex, values=d.points, aggfunc="sum")
    return shows(table, 501_000), f"sum with one patient at 0.998 of it shows {table.loc['a', 1]}"


def dominance_split_rows(by):
    """The same points in 500 rows of his."""
    d = rows((500, {"pid": 0, "g": "a", "sex": 1, "points": 1000.0}), people("a", 20, 1, points=50.0), people("b", 60, 21))
    table = by.crosstab(d.g, d.sex, values=d.points, aggfunc="sum")
    return shows(table, 501_000), f"the same in 500 rows shows {table.loc['a', 1]}: shares are by row"


def maximum(by):
    """The largest claim is one person's."""
    d = rows((1, {"pid": 0, "g": "a", "sex": 1, "points": 1e7}), people("a", 5000, 1, points=9e6), people("b", 60, 5001))
    table = by.crosstab(d.g, d.sex, values=d.points, aggfunc="max")
    return shows(table, 1e7), f"max shows {table.loc['a', 1]}"


def sum_case_target(by):
    """SUM(CASE WHEN pid = target THEN points ELSE 0 END)."""
    d = rows(people("a", 60), people("b", 60, 60))
    value = d.points.where(d.pid == 3, 0.0).rename("v")
    table = by.crosstab(d.g, d.sex, values=value, aggfunc="sum")
    return shows(table, 1003), f"shows {table.loc['a', 1]}"


def sum_offset_case_target(by):
    """SUM(1000 + CASE ...): the offset hides the dominance, its sum is public."""
    d = rows(people("a", 60), people("b", 60, 60))
    value = (1000 + d.points.where(d.pid == 3, 0.0)).rename("v")
    table = by.crosstab(d.g, d.sex, values=value, aggfunc="sum")
    return shows(table, 61_003), f"shows {table.loc['a', 1]}, less 60 x 1000 it is his 1003"


def group_by_pid(by):
    """One line a patient, 12 rows each."""
    d = rows(*((12, {"pid": pid, "sex": 1, "points": list(100.0 * (pid + 1) + np.arange(12))}) for pid in range(50)))
    table = by.crosstab(d.pid, d.sex, values=d.points, aggfunc="sum")
    shown = int(table.notna().to_numpy().sum())
    return shown > 0, f"{shown} of 50 patients' sums are printed"


def saturated_ols(by):
    """A dummy for two people among 100: its coefficient is their mean."""
    values = np.random.default_rng(1).normal(100, 5, 100)
    group = np.zeros(100)
    group[:2] = 1
    x = pd.DataFrame({"two": group, "others": 1 - group})
    model = by.ols(pd.Series(values, name="y"), x)
    passed = list(by.results.results.values())[-1].status == "pass"
    found = bool(np.isclose(model.params["two"], values[:2].mean()))
    return passed and found, f"coefficient is the mean of 2 people; degrees of freedom {int(model.df_resid)}"


def exact_median(by):
    """The median of 21 people is one of them."""
    points = [1000.0 + 13.7 * i for i in range(21)]
    d = rows(people("a", 21, points=points), people("b", 60, 21))
    table = by.crosstab(d.g, d.sex, values=d.points, aggfunc="median")
    return shows(table, points[10]), f"median shows {table.loc['a', 1]}, one person's value to the digit"


CASES = {
    "inflate-rows": inflate_rows,
    "small-cell": small_cell,
    "margin, integer keys, margins=True": margin_integer_keys,
    "margin as a further output": margin_two_outputs,
    "with/without one patient": with_and_without,
    "dominance one row": dominance_one_row,
    "dominance split rows": dominance_split_rows,
    "max": maximum,
    "SUM(CASE target)": sum_case_target,
    "SUM(1000+CASE)": sum_offset_case_target,
    "GROUP BY pid": group_by_pid,
    "saturated OLS": saturated_ols,
    "median of exact record": exact_median,
}


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
