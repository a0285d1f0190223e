#!/usr/bin/env python3
"""expected.csv of each example from its data.csv, by rules written a second time: sets, sorting and the machine's powers, no guest runs.

    python3 expected.py        tells what differs
    python3 expected.py write  writes

The table of age_adjusted_risk_band was worked out by hand and is left alone.
"""
import csv, math, pathlib, sys

HERE = pathlib.Path(__file__).parent


def read(name):
    with open(HERE / name / "data.csv", newline="") as file:
        return list(csv.DictReader(file))


def people(name):
    """Each person's rows, people in the order in which they first appear."""
    found = {}
    for row in read(name):
        found.setdefault(row["person"], []).append(row)
    return found.items()


def months(rows):
    """Serial numbers of the months of these rows, each once, ascending."""
    return sorted({int(row["ym"][:4]) * 12 + int(row["ym"][4:]) - 1 for row in rows if row["ym"]})


def ym(serial):
    return f"{serial // 12}{serial % 12 + 1:02}"


def mpr():
    yield "person,ratio,months,first,last"
    for person, rows in people("mpr"):
        given = months(row for row in rows if row["yj_code"].startswith("396"))
        if given:
            ratio = len(given) / len(range(given[0], given[-1] + 1))
            yield f"{person},{ratio:.2f},{len(given)},{ym(given[0])},{ym(given[-1])}"


def episodes():
    yield "person,first,last,months"
    for person, rows in people("episodes"):
        ill = months(row for row in rows if row["icd10"].startswith("E11"))
        firsts = [month for month in ill if month - 1 not in ill]
        lasts = [month for month in ill if month + 1 not in ill]
        for first, last in list(zip(firsts, lasts))[:60]:
            yield f"{person},{ym(first)},{ym(last)},{last - first + 1}"


def first_diagnosis():
    groups = {
        "diabetes": ("E10", "E11", "E12", "E13", "E14"),
        "lipids": ("E78",),
        "hypertension": ("I10", "I11", "I12", "I13", "I14", "I15"),
        "kidney": ("N18",),
    }
    yield "person,disease,since"
    for person, rows in people("first_diagnosis"):
        for group, codes in groups.items():
            found = months(row for row in rows if row["icd10"].startswith(codes))
            if found:
                yield f"{person},{group},{ym(found[0])}"


def charlson():
    weights = [
        (1, "I21 I22 I25"), (1, "I42 I43 I50"), (1, "I70 I71 I72 I73"), (1, " ".join(f"I6{n}" for n in range(10))),
        (1, "F00 F01 F02 F03"), (1, " ".join([f"J4{n}" for n in range(8)] + [f"J6{n}" for n in range(8)])), (1, "M05 M06 M32 M33 M34"),
        (1, "K25 K26 K27 K28"), (1, "K73 K74"), (1, "E10 E11 E12 E13 E14"), (2, "G81 G82 G83"), (2, "N18 N19"),
        (2, " ".join(f"C{n:02}" for n in range(77))), (2, " ".join(f"C{n}" for n in range(81, 97))), (3, "K72"), (6, "C77 C78 C79 C80"),
        (6, "B20 B21 B22 B23 B24"),
    ]
    yield "person,score,band"
    for person, rows in people("charlson"):
        codes = {row["icd10"][:3] for row in rows}
        score = sum(weight for weight, group in weights if codes & set(group.split()))
        band = next(band for least, band in [(5, "severe"), (3, "moderate"), (1, "mild"), (0, "none")] if score >= least)
        yield f"{person},{score},{band}"


def rate(row):
    """The Japanese eGFR of an adult; None where it is not defined."""
    if "" in row.values():
        return None
    creatinine, age, sex = float(row["creatinine"]), int(row["age"]), row["sex"]
    if not (0.1 <= creatinine <= 50 and 18 <= age <= 120 and sex in "12"):
        return None
    return 194 * math.pow(creatinine, -1.094) * math.pow(age, -0.287) * (1 if sex == "1" else 0.739)


def egfr():
    yield "creatinine,age,sex,egfr"
    for row in read("egfr"):
        value = rate(row)
        yield ",".join(row.values()) + "," + ("" if value is None or value > 300 else f"{value:.1f}")


def egfr_stage():
    yield "creatinine,age,sex,stage"
    for row in read("egfr_stage"):
        value = rate(row)
        stages = [(90, "g1"), (60, "g2"), (45, "g3a"), (30, "g3b"), (15, "g4"), (0, "g5")]
        yield ",".join(row.values()) + "," + ("" if value is None else next(stage for least, stage in stages if value >= least))


wrong = 0
for rule in (mpr, episodes, first_diagnosis, charlson, egfr, egfr_stage):
    text = "".join(line + "\n" for line in rule())
    path = HERE / rule.__name__ / "expected.csv"
    if sys.argv[1:] == ["write"]:
        path.write_text(text)
    elif path.read_text() != text:
        print(f"{path} differs", file=sys.stderr)
        wrong = 1
sys.exit(wrong)
