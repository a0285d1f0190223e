"""Released tables computed a second time: from the source files, with DuckDB and the published rules, sharing nothing with the product.

usage: recompute.py QUERY ndb=FOLDER kaigo=FOLDER omop=FOLDER fhir=FOLDER   (only the folders that the query needs); writes the table as CSV

The rules (ARCHITECTURE.md, "The gate"), written down again here:
  people    a row with under 10 people is not sent; counts are rounded to 10, halves up
  facility  kaigo rows with under 3 facilities are not sent; a sum needs p% over its facilities
  T1, T2    a sum is masked when fewer than 10 people differ from the median, or the p%-rule (10 %) fails on the distances from it
  grid      a mean stands on the smallest of {1,2,5} * 10^j that is at least one person's influence; a sum is mean times rounded people
  ledger    what differs from something shown earlier by fewer than 10 people (3 facilities) is shown as it was shown then
Exact throughout: ints and fractions, no floats.
"""

import csv
import sys
from fractions import Fraction

import duckdb

K, BASE, PERCENT, FACILITIES = 10, 10, 10, 3
MASK, BEFORE = "<k", "as released before"

# The guests of the tests as SQL: the place of the label, the last place for rows without one.
BAND = ("(CASE WHEN (202412 - birth_ym) // 100 - CASE WHEN {sex} = 2 THEN 5 ELSE 0 END < 40 THEN 0 "
        "WHEN (202412 - birth_ym) // 100 - CASE WHEN {sex} = 2 THEN 5 ELSE 0 END < 65 THEN 1 ELSE 2 END)")
BANDS = ["young", "middle", "old"]
KIN = "(CASE WHEN icd10 LIKE 'E1%' THEN 0 WHEN icd10 LIKE 'I%' THEN 2 WHEN points > 1000 THEN 2 ELSE 1 END)"
KINS = ["diabetes", "other", ""]



def risk(ym, care):
    """The worked example of the SDK: points for decades of life beyond 40 (women 50) and for the level of care."""
    months = lambda v: f"(({v}) // 100 * 12 + ({v}) % 100)"
    age = f"(({months(ym)} - {months('p.birth_ym')}) // 12)"
    free = "(CASE WHEN p.sex = 1 THEN 40 ELSE 50 END)"
    points = f"(CASE WHEN {age} > {free} THEN ({age} - {free}) // 10 * 2 ELSE 0 END + CASE WHEN {care} <= 2 THEN 1 ELSE ({care} - 2) * 3 END)"
    return f"(CASE WHEN {age} NOT BETWEEN 0 AND 130 THEN 3 WHEN {points} < 6 THEN 0 WHEN {points} < 12 THEN 1 ELSE 2 END)"


RISKS = ["low", "medium", "high", ""]

# keys; labels of keys that are places; measures (column, decimal places); outputs in order; facility column with its listing's rule; the rows themselves
QUERIES = {
    "joined": dict(
        keys=["care_level", "sex"], outputs=["key", "key", "people"], titles=["care_level", "sex", "people"], single=True,
        sql="SELECT r.person, r.care_level, p.sex FROM patients p JOIN recipients r USING (person)"),
    "sums": dict(
        keys=["icd10"], outputs=["key", "people", "rows", "sum points", "avg points"], titles=["icd10", "people", "lines", "points", "mean"],
        measures={"points": 0}, sql="SELECT person, icd10, points FROM claims"),
    "sparse": dict(
        keys=["pref", "icd10"], outputs=["key", "key", "people", "sum points"], titles=["pref", "icd10", "people", "sum_points"],
        measures={"points": 0},
        sql="SELECT person, p.pref, icd10, points FROM claims JOIN patients p USING (person) WHERE p.sex = 2 AND ym BETWEEN 202404 AND 202409"),
    "labs": dict(
        keys=["pref", "jlac10"], outputs=["key", "key", "avg value", "sum value", "people"],
        titles=["pref", "jlac10", "avg_value", "sum_value", "people"], measures={"value": 1},
        sql="SELECT person, p.pref, jlac10, value FROM labs JOIN patients p USING (person)"),
    "services": dict(
        keys=["pref", "service_code"], outputs=["key", "key", "people", "rows", "sum units", "avg units"],
        titles=["pref", "service_code", "people", "rows", "sum_units", "avg_units"], measures={"units": 0}, facility="facility",
        sql="SELECT person, r.pref, service_code, units, facility FROM services JOIN recipients r USING (person)"),
    "both": dict(
        keys=["icd10"], outputs=["key", "people", "rows", "sum units", "sum points"], titles=["icd10", "people", "rows", "sum_units", "sum_points"],
        measures={"units": 0, "points": 0}, facility="facility",
        sql="SELECT person, icd10, units, points, s.facility FROM claims c JOIN services s USING (person)"),
    "total": dict(
        keys=[], outputs=["people", "rows", "avg points"], titles=["people", "rows", "avg_points"], measures={"points": 0},
        sql="SELECT person, points FROM claims"),
    "risk_groups": dict(
        keys=["band", "sex"], outputs=["key", "key", "people", "sum points", "rows"], titles=["band", "sex", "people", "sum_points", "rows"],
        measures={"points": 0}, labels=[RISKS, None],
        sql=f"SELECT person, {risk('ym', 'care_level')} AS band, p.sex, points FROM patients p JOIN claims USING (person) JOIN recipients r USING (person)"),
    "risk_filter": dict(
        keys=["icd10"], outputs=["key", "people", "avg points"], titles=["icd10", "people", "avg_points"], measures={"points": 0},
        sql=f"SELECT person, icd10, points FROM patients p JOIN claims USING (person) JOIN recipients r USING (person) "
            f"WHERE {risk('ym', 'care_level')} IN (1, 2) AND {risk('202401', '7')} IN (1, 2)"),
    "guest_groups": dict(
        keys=["band", "kin"], outputs=["key", "key", "people", "sum points", "avg points"],
        titles=["band", "kin", "people", "sum_points", "avg_points"], measures={"points": 0}, labels=[BANDS, KINS],
        sql=f"SELECT person, {BAND.format(sex='p.sex')} AS band, {KIN} AS kin, points FROM claims JOIN patients p USING (person)"),
    "guest_filter": dict(
        keys=["pref"], outputs=["key", "people", "rows"], titles=["pref", "people", "rows"],
        sql=f"SELECT person, p.pref FROM claims JOIN patients p USING (person) WHERE {BAND.format(sex='p.sex')} = 1 AND {KIN} = 1"),
    "guest_literal": dict(
        keys=["band", "sex"], outputs=["key", "key", "people"], titles=["band", "sex", "people"], labels=[BANDS, None], single=True,
        sql=f"SELECT person, {BAND.format(sex='2')} AS band, sex FROM patients"),
    "conditions": dict(
        keys=["condition", "sex"], outputs=["key", "key", "people"], titles=["condition_concept_id", "sex", "people"],
        sql="SELECT person, condition, sex FROM conditions JOIN persons USING (person)"),
    "fhir_hba1c": dict(
        keys=["sex"], outputs=["key", "people", "avg value"], titles=["sex", "people", "mean"], measures={"value": 3}, facility="facility",
        sql="""SELECT person, sex, o.value, o.facility FROM fhir_observations o JOIN fhir_patients p USING (person)
            WHERE analyte = '3D046' AND birth_year BETWEEN 1935 AND 1969"""),
    "fhir_diseases": dict(
        keys=["disease"], outputs=["key", "people"], titles=["disease", "people"], facility="facility",
        sql="SELECT person, disease, facility FROM fhir_conditions"),
    "fhir_bmi": dict(
        keys=["sex"], outputs=["key", "people", "avg value"], titles=["sex", "people", "mean"], measures={"value": 3}, facility="facility",
        sql="SELECT person, sex, i.value, i.facility FROM fhir_items i JOIN fhir_participants p USING (person) WHERE jlac10 = '9N011000000000001'"),
    "overall": dict(
        keys=["condition"], outputs=["key", "people"], titles=["condition_concept_id", "people"],
        sql="SELECT person, condition FROM conditions JOIN persons USING (person)"),
}


def load(folders):
    """The source files as tables; `person` is the oldest insured number that the history leads to."""
    db = duckdb.connect()
    read = lambda path: f"read_csv('{path}', header=true, all_varchar=true)"
    if "ndb" in folders:
        db.execute(f"CREATE TABLE history AS SELECT insured_number AS number, previous_number AS previous FROM {read(folders['ndb'] + '/history.csv')}")
        db.execute("""CREATE TABLE oldest AS WITH RECURSIVE walk(number, link, steps) AS (
            SELECT number, previous, 1 FROM history UNION ALL
            SELECT w.number, h.previous, w.steps + 1 FROM walk w JOIN history h ON h.number = w.link WHERE w.steps < 1000)
            SELECT number, arg_max(link, steps) AS person FROM walk GROUP BY number""")
        insured = lambda source, columns: (
            f"SELECT coalesce(o.person, t.insured_number) AS person, {columns} FROM {read(source)} t LEFT JOIN oldest o ON o.number = t.insured_number")
        ndb = folders["ndb"]
        db.execute(f"CREATE TABLE patients AS {insured(ndb + '/patients.csv', 'sex::INT AS sex, birth_ym::INT AS birth_ym, pref::INT AS pref')}")
        db.execute(f"CREATE TABLE claims AS {insured(ndb + '/claims.csv', 'facility_id AS facility, ym::INT AS ym, icd10, yj_code, points::BIGINT AS points')}")
        db.execute(f"CREATE TABLE labs AS {insured(ndb + '/labs.csv', 'ym::INT AS ym, jlac10, (value::DECIMAL(18,1) * 10)::BIGINT AS value, unit')}")
    if "kaigo" in folders:
        kaigo = folders["kaigo"]
        db.execute(f"CREATE TABLE recipients AS {insured(kaigo + '/recipients.csv', 'sex::INT AS sex, pref::INT AS pref, care_level::INT AS care_level')}")
        db.execute(f"CREATE TABLE services AS {insured(kaigo + '/services.csv', 'facility_id AS facility, ym::INT AS ym, service_code, units::BIGINT AS units')}")
    if "fhir" in folders:
        import flatten

        flatten.load(db, folders["fhir"])
    if "omop" in folders:
        omop = folders["omop"]
        db.execute(f"""CREATE TABLE persons AS SELECT person_id AS person, CASE gender_concept_id WHEN '8507' THEN 1 WHEN '8532' THEN 2 END AS sex
            FROM {read(omop + '/person.csv.gz')}""")
        db.execute(f"""CREATE TABLE conditions AS SELECT person_id AS person, condition_concept_id::INT AS condition
            FROM {read(omop + '/condition_occurrence.csv.gz')}""")
    return db


def cells(db, query):
    """Per key: rows and, per measure, (sum, rows with a value) of each person; rows and sums of each facility."""
    measures = list(query.get("measures", {}))
    facility = [query["facility"]] if "facility" in query else []
    columns = ["person"] + facility + query["keys"] + measures
    out = {}
    for row in db.execute(f"SELECT {', '.join(columns)} FROM ({query['sql']})").fetchall():
        row = list(row)
        person = row.pop(0)
        place = row.pop(0) if facility else None
        key, values = tuple(row[: len(query["keys"])]), row[len(query["keys"]):]
        cell = out.setdefault(key, dict(rows={}, parts={m: {} for m in measures}, facilities={}))
        cell["rows"][person] = cell["rows"].get(person, 0) + 1
        if facility:
            at = cell["facilities"].setdefault(place, [0] + [0] * len(measures))
            at[0] += 1
        for number, (measure, value) in enumerate(zip(measures, values)):
            if value is None:
                continue
            total, count = cell["parts"][measure].get(person, (0, 0))
            cell["parts"][measure][person] = (total + value, count + 1)
            if facility:
                at[1 + number] += value
    return out


def undominated(amounts):
    ordered = sorted((abs(a) for a in amounts), reverse=True)
    return not ordered or sum(ordered[2:]) * 100 >= ordered[0] * PERCENT


def passes(values):
    """T1 and T2."""
    median = sorted(values)[(len(values) - 1) // 2]
    distances = sorted((abs(v - median) for v in values), reverse=True)
    return distances[K - 1] > 0 and undominated(distances)


def step(width):
    """The smallest of {1,2,5} * 10^j that is at least `width`, with its number of decimal places."""
    j = 0
    while Fraction(10) ** j >= width:
        j -= 1
    while True:
        for mantissa in (1, 2, 5):
            grid = mantissa * Fraction(10) ** j
            if grid >= width:
                return grid, max(0, -j)
        j += 1


def on(grid, value):
    """`value` on the grid, halves away from zero."""
    steps = (2 * abs(value) / grid + 1) // 2
    return (steps if value >= 0 else -steps) * grid


def printed(value, places):
    scaled = value * 10**places
    assert scaled.denominator == 1
    digits = str(abs(scaled.numerator)).rjust(places + 1, "0")
    sign = "-" if scaled < 0 else ""
    return sign + (digits[:-places] + "." + digits[-places:] if places else digits)


def judged(form, scale, parts, shown_people):
    """The value of one measure of one cell as it is printed, or None."""
    unit = Fraction(1, 10**scale)
    if form == "sum":
        values = [Fraction(total) for total, _ in parts.values()]
        if not passes(values):
            return None
        mean = sum(values) / len(values)
        grid, places = step(max(abs(v - mean) for v in values) / shown_people * unit)
        return printed(on(grid, mean * unit) * shown_people, places)
    total, rows = sum(t for t, _ in parts.values()), sum(n for _, n in parts.values())
    mean = Fraction(total, rows)
    residuals = [t - mean * n for t, n in parts.values()]
    if not passes(residuals):
        return None
    grid, places = step(max(abs(r) for r in residuals) / rows * unit)
    return printed(on(grid, mean * unit), places)


def near(a, b):
    """Whether a and b ("same"), or b and some line of a ("line"), differ for fewer than K people."""
    common = [p for p in a if p in b]
    apart = len(a) + len(b) - 2 * len(common)
    if apart >= K:
        return None
    if apart + sum(a[p] != b[p] for p in common) < K:
        return "same"
    # A line that misses fewer than K people runs through both ends of one of K pairs that share nobody.
    ordered = sorted(common, key=lambda p: (a[p], b[p]))
    half = len(ordered) // 2
    pairs = [(p, q) for p, q in zip(ordered[:half], ordered[half:]) if a[p] != a[q]][:K]
    for p, q in pairs:
        slope = Fraction(b[q] - b[p], a[q] - a[p])
        if slope and apart + sum(b[r] - b[p] != slope * (a[r] - a[p]) for r in common) < K:
            return "line"
    return None


def near_places(a, b):
    """True when rows by facility differ for too few facilities; None where the database has no such rule."""
    return a is not None and b is not None and sum(a.get(f) != b.get(f) for f in a.keys() | b.keys()) < FACILITIES


class Ledger:
    """What this one table has shown so far; the ledger was empty before."""

    def __init__(self):
        self.people_shown, self.measures_shown = [], []

    def people(self, name, people, facilities):
        for other, value, shown, places in self.people_shown:
            if other == name:
                return value, False
        for other, value, shown, places in self.people_shown:
            if len(people ^ shown) < K or near_places(facilities, places):
                return value, True
        value = (len(people) + BASE // 2) // BASE * BASE
        self.people_shown.append((name, value, people, facilities))
        return value, False

    def measure(self, name, of, form, value, vector, rows, facilities):
        for other, other_of, other_form, shown, *_ in self.measures_shown:
            if (other, other_of, other_form) == (name, of, form):
                return shown, False
        for other, other_of, other_form, shown, earlier, earlier_rows, places in self.measures_shown:
            # Sums and means of one column over one cell are one thing in two forms.
            if (other, other_of) == (name, of):
                continue
            # Every sum is compared with every other, whatever its column is called; facilities only with those of the same column.
            fit, by_place = near(vector, earlier), other_of == of and near_places(facilities, places)
            if fit is None and not by_place:
                continue
            # Another form, an image, or a mean over other rows is another number: it is not repeated.
            alike = fit == "same" and (rows is None) == (earlier_rows is None) and (rows is None or near(rows, earlier_rows) == "same")
            return (shown, True) if other_form == form and (alike or (fit is None and by_place)) else (MASK, False)
        self.measures_shown.append((name, of, form, value, vector, rows, facilities))
        return value, False


def table(query, cells):
    ledger, rows = Ledger(), []
    protected = "facility" in query
    names = lambda key: [k if n is None else n[k] for k, n in zip(key, query.get("labels", [None] * len(key)))]
    # Judged with nothing first, then numbers by size and texts by letter.
    for key in sorted(cells, key=lambda key: [(name != "", name) for name in names(key)]):
        cell = cells[key]
        people = frozenset(cell["rows"])
        if len(people) < K or (protected and len(cell["facilities"]) < FACILITIES):
            continue
        by_place = {f: at[0] for f, at in cell["facilities"].items()} if protected else None
        count, before = ledger.people(key, people, by_place)
        line, keys, note = [], iter(names(key)), False
        for output in query["outputs"]:
            if output == "key":
                line.append(str(next(keys)))
                continue
            if output == "people" or (output == "rows" and query.get("single")):
                line.append(str(count))
                note |= before
                continue
            if output == "rows":
                of, form, scale, column = "rows", "sum", 0, 0
                parts = {p: (n, 1) for p, n in cell["rows"].items()}
            else:
                form, of = output.split()
                scale, column = query["measures"][of], 1 + list(query["measures"]).index(of)
                parts = cell["parts"][of]
            value, again = measure(ledger, key, of, form, scale, parts, [at[column] for at in cell["facilities"].values()], by_place)
            line.append(value.rstrip("0").rstrip(".") if "." in value else value)
            note |= again
        rows.append(line + [BEFORE if note else ""])
    # Shown with nothing last.
    return sorted(rows, key=lambda row: [(2, 0, "") if t == "" else (0, float(t), "") if t.lstrip("-").isdigit() else (1, 0, t) for t in row[: len(query["keys"])]])


def measure(ledger, key, of, form, scale, parts, amounts, by_place):
    if len(parts) < K or not undominated(amounts):
        return MASK, False
    count, _ = ledger.people((key, of), frozenset(parts), by_place)
    value = judged(form, scale, parts, count)
    if value is None:
        return MASK, False
    rows = None if form == "sum" else {p: n for p, (_, n) in parts.items()}
    # The unit is part of the form: numbers of different scales are not read alike.
    return ledger.measure(key, of, (form, scale), value, {p: total for p, (total, _) in parts.items()}, rows, by_place)


def main():
    query = QUERIES[sys.argv[1]]
    folders = dict(argument.split("=", 1) for argument in sys.argv[2:])
    found = cells(load(folders), query)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(query["titles"] + ["note"])
    out.writerows(table(query, found))
    print(f"cells={len(found)} under={sum(len(c['rows']) < K for c in found.values())}", file=sys.stderr)


main()
