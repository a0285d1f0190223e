"""An attacker who has only the released files and the public rules of the gate.

It shares no code with the gate. Unknown: x[c] >= 0, the people in each cell c of the full
cross of the public columns. Every sent or missing row of a release is one linear fact
lower <= sum(x[c] for c in set) <= upper. Linear programming then gives the smallest and the
largest size of every set worth knowing; a set whose interval is narrower than the policy is
*pinned*.

    python attacker.py FOLDER --out PINS.jsonl [--mip] [--strong]
    python attacker.py --score PINS.jsonl TRUTH.csv SCHEMA.json

Attack: exit 0, or 3 when no population fits the facts (the public rules are not the gate's).
Score: exit 1 when a pinned set has 1..k-1 people, 3 when a true number lies outside its proved
interval, else 0.

Shapes: C = number of cross cells. A set of people is a *key*: the bytes of its sorted int32
cell numbers, so that equal sets are equal dictionary keys, whatever question asked for them.
"""

import argparse
import csv
import io
import itertools
import json
import math
import sys
import time
from pathlib import Path

import highspy
import numpy as np

MAXDIFF = 64  # a difference of more cross cells is not a target
MAX_DIFFS = 5_000  # the smallest differences first
MAX_FAR = 2_000  # --strong: facts "these sets differ by k or more"
MIP_SLACK = 3  # --mip: integers are tried up to this much above the policy
MIP_SECONDS = 5.0  # per integer solve
POOL_STARTS = 40  # at most so many random objectives spread the pool before any target is solved
EPS = 1e-6
SNAPPED = "as released before"
MASK = "<k"
WRONG_MODEL = 3


def main(argv=None):
    """Parse the command line and attack or score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="schema.json and releases.jsonl")
    parser.add_argument("--out", help="pinned targets, JSON lines")
    parser.add_argument("--mip", action="store_true", help="integer bounds for near misses")
    parser.add_argument("--strong", action="store_true", help="use the ledger's rule as well")
    parser.add_argument("--score", nargs=3, metavar=("PINS", "TRUTH", "SCHEMA"))
    args = parser.parse_args(argv)
    if args.score:
        return score(*args.score)
    if not (args.folder and args.out):
        parser.error("FOLDER and --out, or --score")
    try:
        lines = attack(args.folder, args.mip, args.strong)
    except Infeasible as error:
        print(f"no population fits the facts: {error}", file=sys.stderr)
        return WRONG_MODEL
    Path(args.out).write_text("".join(json.dumps(line) + "\n" for line in lines))
    print(json.dumps(lines[-1]))
    return 0


def attack(folder, mip=False, strong=False):
    """Pinned targets of one folder as dictionaries, the totals last."""
    start = time.perf_counter()
    cross, releases = load(folder)
    facts = Facts(cross.k, cross.base)
    for release in releases:
        facts.add(cross, release)
    if strong:
        facts.add_ledger()
    targets = targets_of(cross, facts)
    attacker = Attacker(cross, facts, targets)
    pins, tried = attacker.solve(mip)
    lines = [describe(cross, targets[i], *rest) for i, *rest in pins]
    exact = sum(not line.get("mip") for line in lines)
    end = {"targets": len(targets), "pinned": exact, "facts": len(facts.bounds)}
    if mip:
        end |= {"mip_tried": tried, "mip_pinned": len(lines) - exact}
    return lines + [end | {"solves": attacker.solves, "seconds": round(time.perf_counter() - start, 2)}]


def load(folder):
    """The public domains and the releases, in the order they left."""
    folder = Path(folder)
    cross = Cross(json.loads((folder / "schema.json").read_text()))
    lines = (folder / "releases.jsonl").read_text().splitlines()
    return cross, [json.loads(line) for line in lines if line.strip()]


class Cross:
    """The full cross of the columns; `codes` is (C, columns), the value number of each cell."""

    def __init__(self, schema):
        self.columns = schema["columns"]
        self.k, self.base, self.policy = schema["k"], schema["base"], schema["policy"]
        self.names = list(self.columns)
        shape = [len(values) for values in self.columns.values()]
        self.size = math.prod(shape)
        self.codes = np.indices(shape, dtype=np.int32).reshape(len(shape), -1).T

    def mask(self, where):
        """Cells that meet every condition: (C,) of bool."""
        mask = np.ones(self.size, bool)
        for column, values in where:
            allowed = np.isin(self.columns[column], values)
            mask &= allowed[self.codes[:, self.names.index(column)]]
        return mask

    def groups(self, where, by):
        """The groups of a question that its condition leaves: {(value, ...): key}."""
        cells = np.flatnonzero(self.mask(where))
        at = [self.names.index(column) for column in by]
        found = {}
        for cell, codes in zip(cells.tolist(), self.codes[cells][:, at].tolist()):
            found.setdefault(tuple(codes), []).append(cell)
        label = lambda codes: tuple(self.columns[c][i] for c, i in zip(by, codes))
        return {label(codes): key_of(cells) for codes, cells in found.items()}


def key_of(cells):
    """Sorted cell numbers as a dictionary key."""
    return np.asarray(cells, np.int32).tobytes()


def cells_of(key):
    """The cell numbers of a key: (members,) of int32."""
    return np.frombuffer(key, np.int32)


class Facts:
    """What the releases say.

    `bounds`: key -> [lower, upper]. `asked`: every set asked for, in order (dictionary used as an
    ordered set). `shown`: the asked ones that were answered with a row or a number. `numbers`:
    (key, text, note, the row's only number?) in order, for the ledger's rule.
    """

    def __init__(self, k, base):
        self.k, self.base = k, base
        self.bounds, self.asked, self.shown, self.numbers = {}, {}, set(), []

    def add(self, cross, release):
        """All facts of one question; a refused one only tells what was asked."""
        groups = cross.groups(release["where"], release["by"])
        parts = [(name, cross.mask(where)) for name, where in release.get("parts", [])]
        rows = None if release["csv"] is None else read_rows(release)
        for label, key in groups.items():
            inside = [(name, key_of([c for c in cells_of(key) if mask[c]])) for name, mask in parts]
            self.asked.update(dict.fromkeys(part for part in (key, *(p for _, p in inside)) if part))
            if rows is None:
                continue
            if label not in rows:
                self.fact(key, 0, self.k - 1)
                continue
            row = rows.pop(label)
            note = row.get("note") or ""
            self.row(key, row["n"], note)
            for name, part in inside:
                self.part(part, row[name], note)
            sent = [(p, row[name]) for name, p in (("n", key), *inside) if p and row[name] != MASK]
            self.numbers += [(p, text, note, len(sent) == 1) for p, text in sent]
        if rows:
            raise Infeasible(f"question {release['n']} sent a group outside its condition: {list(rows)}")

    def row(self, key, text, note):
        """A sent row has k people or more, whatever its number shows."""
        self.shown.add(key)
        low, high = self.interval(text, note)
        self.fact(key, max(low, self.k), high)

    def part(self, key, text, note):
        """A masked part says nothing; a shown number of k or more is a part of k or more."""
        if text == MASK or not key:
            return
        self.shown.add(key)
        low, high = self.interval(text, note)
        if not note and high >= self.k:
            low = max(low, self.k)
        self.fact(key, low, high)

    def interval(self, text, note):
        """Rounded to the base, halves up; a snapped number is another set's, k-1 people off."""
        if note not in ("", SNAPPED):
            raise ValueError(f"unknown note {note!r}")
        if text == MASK:
            return 0, math.inf
        value, half = int(text), self.base // 2
        away = self.k - 1 if note else 0
        return max(0, value - half - away), value + self.base - half - 1 + away

    def fact(self, key, low, high):
        """The same set twice: both facts hold."""
        old = self.bounds.get(key, (0, math.inf))
        self.bounds[key] = (max(low, old[0]), min(high, old[1]))
        if self.bounds[key][0] > self.bounds[key][1]:
            raise Infeasible(f"two answers for one set of {len(cells_of(key))} cells")

    def add_ledger(self):
        """--strong: the gate's rule is public, so are its consequences.

        A number without note was judged fresh: its set differs from each earlier fresh set by k
        people or more. A snapped number that only one earlier fresh set shows comes from that set:
        they differ by at most k-1 people. Both are linear: the size of A xor B. Of the first kind
        there are as many as pairs; the MAX_FAR with the fewest cells say most. In a row of several
        numbers the note may belong to another, so such a number is only a possible source.
        """
        fresh, perhaps, far = {}, set(), {}
        for key, text, note, alone in self.numbers:
            if not note:
                if key not in fresh:
                    far.update(dict.fromkeys(xor(key, other) for other in fresh))
                fresh.setdefault(key, text)
            elif not alone:
                perhaps.add((key, text))
            else:
                shown = {*fresh.items(), *perhaps}
                sources = {other for other, value in shown if value == text and other != key}
                if len(sources) == 1:
                    self.fact(xor(key, sources.pop()), 0, self.k - 1)
        for key in sorted(far, key=len)[:MAX_FAR]:
            self.fact(key, self.k, math.inf)


def xor(a, b):
    """The cells in exactly one of two keys, as a key."""
    return key_of(np.setxor1d(cells_of(a), cells_of(b), assume_unique=True))


def read_rows(release):
    """The sent rows of a release by their group: {(value, ...): {column: text}}."""
    rows = csv.DictReader(io.StringIO(release["csv"]))
    return {tuple(row[column] for column in release["by"]): row for row in rows}


def targets_of(cross, facts):
    """Keys worth knowing: each cross cell, each asked set that was not sent, small differences."""
    cells = [key_of([c]) for c in range(cross.size)]
    hidden = [key for key in facts.asked if key not in facts.shown]
    return list(dict.fromkeys(cells + hidden + differences(cross, list(facts.asked))))


def differences(cross, asked):
    """A minus B of nested asked sets with at most MAXDIFF cells, the smallest MAX_DIFFS of them.

    Nested: |A and B| = |B|. Products of 0/1 matrices (256, C) x (C, sets) count the common cells.
    """
    member = np.zeros((len(asked), cross.size), np.float32)
    for i, key in enumerate(asked):
        member[i, cells_of(key)] = 1
    sizes, found = member.sum(1), []
    for start in range(0, len(asked), 256):
        common = member[start : start + 256] @ member.T
        extra = sizes[start : start + 256, None] - sizes[None, :]
        a, b = np.nonzero((common == sizes[None, :]) & (extra > 0) & (extra <= MAXDIFF))
        found += zip(extra[a, b].tolist(), (a + start).tolist(), b.tolist())
    keys = {}
    for _, a, b in sorted(found):
        if len(keys) == MAX_DIFFS:
            break
        keys[np.flatnonzero(member[a] > member[b]).astype(np.int32).tobytes()] = None
    return list(keys)


class Infeasible(Exception):
    """No population fits the facts."""


class Attacker:
    """One HiGHS model, whose objective alone changes, and the pool of points it has visited.

    `least`, `most` (targets,) are the smallest and largest size of each target over the pool: a
    target whose pool range reaches the policy is proved free without solving it. `whole_least`,
    `whole_most`: the same over the points of whole numbers, for --mip.
    """

    def __init__(self, cross, facts, targets):
        self.cross, self.facts = cross, facts
        self.cells = [cells_of(key) for key in targets]
        self.flat = np.concatenate(self.cells)
        self.starts = np.cumsum([0] + [len(c) for c in self.cells[:-1]])
        own = np.array([facts.bounds.get(key, (0, math.inf)) for key in targets], float)
        self.own_low, self.own_high = own[:, 0], own[:, 1]
        far = np.full(len(targets), math.inf)
        self.least, self.most, self.whole_least, self.whole_most = far, -far, far.copy(), -far
        self.cost, self.solves = np.zeros(cross.size), 0
        self.model = self.build()
        self.run()

    def build(self):
        """Columns x >= 0, one row a fact."""
        model = highspy.Highs()
        for option, value in OPTIONS.items():
            model.setOptionValue(option, value)
        size = self.cross.size
        model.addVars(size, np.zeros(size), np.full(size, highspy.kHighsInf))
        facts = [(cells_of(key), low, high) for key, (low, high) in self.facts.bounds.items()
                 if low > 0 or high < math.inf]
        if facts:
            cells, low, high = zip(*facts)
            starts = np.cumsum([0] + [len(c) for c in cells[:-1]]).astype(np.int32)
            flat = np.concatenate(cells).astype(np.int32)
            model.addRows(len(facts), np.array(low, float), np.array(high, float),
                          len(flat), starts, flat, np.ones(len(flat)))
        return model

    def solve(self, mip):
        """Pinned targets [(target, lower, upper, by integers?)], and how many integers were tried."""
        need = self.cross.policy + (MIP_SLACK + 1 if mip else 0)
        self.spread(need)
        pins, near = [], []
        for target in range(len(self.cells)):
            bounds = self.bounds(target, need)
            if bounds is None:
                continue
            if bounds[1] - bounds[0] < self.cross.policy:
                pins.append((target, *bounds, False))
            elif mip:
                near.append((target, bounds))
        return (pins + self.integers(near) if near else pins), len(near)

    def spread(self, need):
        """Cheap pool points: random directions over the targets still open, while they free some."""
        random, lengths = np.random.default_rng(0), [len(cells) for cells in self.cells]
        before = math.inf
        for _ in range(POOL_STARTS):
            still_open = self.widths() < need
            if still_open.sum() > 0.98 * before:
                break
            before = still_open.sum()
            weight = np.where(still_open, random.choice([-1.0, 1.0], len(lengths)), 0)
            cost = np.bincount(self.flat, np.repeat(weight, lengths), self.cross.size)
            self.optimize(cost, minimize=True)
        self.model.setOptionValue("simplex_strategy", PRIMAL)

    def bounds(self, target, need):
        """Proved whole-number bounds of one target, None as soon as they are `need` apart."""
        cost = np.bincount(self.cells[target], minlength=self.cross.size).astype(float)
        high, low = self.most[target], self.least[target]
        if self.width(low, high) >= need:
            return None
        if high < self.own_high[target] - EPS:
            high = self.optimize(cost, minimize=False)
        if self.width(low, high) >= need:
            return None
        if low > self.own_low[target] + EPS:
            low = self.optimize(cost, minimize=True)
        return None if self.width(low, high) >= need else (inward_low(low), inward_high(high))

    def widths(self):
        """Whole-number width of each target over the pool: (targets,)."""
        return np.floor(self.most + EPS) - np.ceil(self.least - EPS)

    @staticmethod
    def width(low, high):
        """The width of the whole numbers in an interval."""
        return inward_high(high) - inward_low(low)

    def optimize(self, cost, minimize):
        """The optimum of one objective (C,)."""
        changed = np.flatnonzero(cost != self.cost).astype(np.int32)
        self.model.changeColsCost(len(changed), changed, cost[changed])
        self.cost = cost
        sense = highspy.ObjSense.kMinimize if minimize else highspy.ObjSense.kMaximize
        self.model.changeObjectiveSense(sense)
        return self.run()

    def run(self):
        """Solve, add the point to the pool, return the objective; infinite when it has no end."""
        self.solves += 1
        self.model.run()
        if self.model.getModelStatus() not in ENDS:
            self.again()
        status = self.model.getModelStatus()
        if status in UNBOUNDED and self.solves > 1:
            return math.inf
        if status not in ENDS:
            raise Infeasible(self.model.modelStatusToString(status))
        info = self.model.getInfo()
        if status == highspy.HighsModelStatus.kTimeLimit:
            return info.mip_dual_bound
        self.pool(np.asarray(self.model.getSolution().col_value))
        return info.objective_function_value

    def again(self):
        """From nothing, by the dual simplex: a warm start now and then ends in numerical trouble."""
        _, strategy = self.model.getOptionValue("simplex_strategy")
        self.model.clearSolver()
        self.model.setOptionValue("simplex_strategy", DUAL)
        self.model.run()
        self.model.setOptionValue("simplex_strategy", strategy)

    def pool(self, point):
        """Widen every target's known range by one feasible point (C,)."""
        sums = np.add.reduceat(point[self.flat], self.starts)
        np.minimum(self.least, sums, out=self.least)
        np.maximum(self.most, sums, out=self.most)
        if np.abs(point - np.rint(point)).max() < EPS:
            np.minimum(self.whole_least, np.rint(sums), out=self.whole_least)
            np.maximum(self.whole_most, np.rint(sums), out=self.whole_most)

    def integers(self, near):
        """Integer bounds of near misses; at the time limit the proved (dual) bound counts."""
        size = self.cross.size
        self.model.setOptionValue("presolve", "on")
        self.model.setOptionValue("time_limit", MIP_SECONDS)
        kinds = np.full(size, highspy.HighsVarType.kInteger.value, np.uint8)
        self.model.changeColsIntegrality(size, np.arange(size, dtype=np.int32), kinds)
        policy, pins = self.cross.policy, []
        for target, (low, high) in near:
            cost = np.bincount(self.cells[target], minlength=size).astype(float)
            open_ = lambda: self.whole_most[target] - self.whole_least[target] < policy <= high - low
            if open_() and self.whole_most[target] < high:
                high = min(high, inward_high(self.optimize(cost, minimize=False)))
            if open_() and self.whole_least[target] > low:
                low = max(low, inward_low(self.optimize(cost, minimize=True)))
            if high - low < policy:
                pins.append((target, low, high, True))
        return pins


UNBOUNDED = {highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible}
ENDS = UNBOUNDED | {highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kTimeLimit}
DUAL = 1  # simplex_strategy
PRIMAL = 4  # a near objective leaves the old point feasible and almost best
OPTIONS = {
    "output_flag": False,
    "threads": 1,
    "presolve": "off",  # a presolved model forgets the basis
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
    "mip_rel_gap": 0.0,
}


def inward_low(value):
    """The smallest whole number of an interval that starts here."""
    return math.ceil(value - EPS) if math.isfinite(value) else value


def inward_high(value):
    """The largest whole number of an interval that ends here."""
    return math.floor(value + EPS) if math.isfinite(value) else value


def describe(cross, key, low, high, mip):
    """A pinned target as a line: the box of columns that it is, else its cells."""
    codes = cross.codes[cells_of(key)]
    used = [np.unique(codes[:, i]) for i in range(len(cross.names))]
    values = [[cross.columns[name][i] for i in use] for name, use in zip(cross.names, used)]
    if math.prod(map(len, used)) == len(codes):
        target = [[name, v] for name, v in zip(cross.names, values) if len(v) < len(cross.columns[name])]
    else:
        target = [{name: cross.columns[name][i] for name, i in zip(cross.names, row)} for row in codes]
    line = {"target": target, "lower": low, "upper": high, "width": high - low}
    return line | {"mip": True} if mip else line


def score(pins, truth, schema):
    """Compare pinned targets with the true numbers; the exit code is the verdict."""
    schema = json.loads(Path(schema).read_text())
    people = true_numbers(truth, list(schema["columns"]))
    lines = [json.loads(line) for line in Path(pins).read_text().splitlines()]
    found = [line | {"true": true_size(line["target"], schema, people)} for line in lines if "target" in line]
    outside = [line for line in found if not line["lower"] <= line["true"] <= line["upper"]]
    protected = [line for line in found if 1 <= line["true"] < schema["k"]]
    for line in outside:
        print("OUTSIDE", json.dumps(line))
    for line in protected:
        print("PROTECTED", json.dumps(line))
    print(json.dumps({"pinned": len(found), "protected": len(protected), "outside": len(outside)}))
    return WRONG_MODEL if outside else int(bool(protected))


def true_numbers(truth, names):
    """{(value, ...): people} of every cross cell that has any."""
    with open(truth, newline="") as file:
        return {tuple(row[name] for name in names): int(row["n"]) for row in csv.DictReader(file)}


def true_size(target, schema, people):
    """The true number of people of a target: a box, or a list of cells."""
    columns = schema["columns"]
    if target and isinstance(target[0], dict):
        return sum(people.get(tuple(cell[name] for name in columns), 0) for cell in target)
    box = columns | dict(target)
    return sum(people.get(cell, 0) for cell in itertools.product(*box.values()))


if __name__ == "__main__":
    sys.exit(main())
