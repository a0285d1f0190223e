"""The generated FHIR Bundles flattened a second time: plain Python over the JSON, sharing nothing with the product.

As a module it gives rows to recompute.py. As a program it is the peer of the benchmark: flatten.py FOLDER OUT reads every Bundle below FOLDER, does what
the ingest does (references, code systems old and new, units, months, keyed tokens instead of numbers, a shuffled ordinal for each person) and writes a
CSV for each table. Prints `bundles N seconds S`.
"""

import csv
import gzip
import hashlib
import hmac
import json
import os
import random
import sys
import time
import unicodedata

JLAC10 = {"http://medis.or.jp/CodeSystem/master-JLAC10-17digits", "urn:oid:1.2.392.200119.4.504", "urn:oid:1.2.392.200119.6.1005"}
CORE = {"http://jpfhir.jp/fhir/clins/CodeSystem/JLAC10/JP_CLINS_ObsLabResult_CoreLabo_CS"}
MEDIS = {"http://medis.or.jp/CodeSystem/master-disease-keyNumber"}
ICD10 = {"http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full"}
YJ = {"http://capstandard.jp/iyaku.info/CodeSystem/YJ-code", "urn:oid:1.2.392.100495.20.1.73"}
HOT9 = {"http://medis.or.jp/CodeSystem/master-HOT9"}
INSURED = "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID"
LOCAL = ("urn:oid:1.2.392.100495.20.3.51.1", "urn:oid:1.2.392.200119.6.102.1")
INSTITUTION = {"http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no"}
UNITS = {"3D046": {"%"}, "3B035": {"U/L"}, "9N011": {"kg/m2"}, "9A751": {"mm[Hg]"}}
SPELLINGS = {"U/l": "U/L"}
PREFECTURES = {"高知県": 39, "東京都": 13, "大阪府": 27, "北海道": 1}


def bundles(folder):
    """Every Bundle below a folder, one at a time."""
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            opened = gzip.open if name.endswith(".gz") else open
            with opened(os.path.join(root, name), "rt", encoding="utf-8") as file:
                if ".ndjson" in name:
                    yield from map(json.loads, file)
                else:
                    yield json.load(file)


def code(concept, systems):
    return next((c["code"] for c in (concept or {}).get("coding", []) if c.get("system") in systems), None)


def insured(text):
    parts = unicodedata.normalize("NFKC", text).upper().split(":")
    return "insured:" + "-".join(parts)


def numbers(identifiers):
    """Numbers of identifiers; the insured one first."""
    found = [insured(i["value"]) for i in identifiers if i["system"] == INSURED]
    for i in identifiers:
        for head in LOCAL:
            if i["system"].startswith(head):
                found.append("local:" + i["system"][len(head):] + "|" + i["value"])
    return found


def pieces(bundle, patient_url):
    """The insured number out of Coverage."""
    by_url = {e["fullUrl"]: e["resource"] for e in bundle["entry"]}
    for resource in by_url.values():
        if resource["resourceType"] == "Coverage" and resource["beneficiary"]["reference"] == patient_url:
            insurer = by_url[resource["payor"][0]["reference"]]["identifier"][0]["value"]
            parts = {e["url"].rsplit("InsuredPerson", 1)[-1]: e["valueString"] for e in resource["extension"]}
            return [insured(":".join([insurer, parts["Symbol"], parts["Number"], parts["SubNumber"]]))]
    return []


def flatten(bundle):
    """Rows of one Bundle: (table, row)."""
    by_name, patient, url = {}, None, None
    for entry in bundle["entry"]:
        resource = entry["resource"]
        by_name[entry["fullUrl"]] = resource
        if "id" in resource:
            by_name[resource["resourceType"] + "/" + resource["id"]] = resource
        if resource["resourceType"] == "Patient":
            patient, url = resource, entry["fullUrl"]
    checkup = "eCheckup" in bundle["meta"]["profile"][0]
    known = (pieces(bundle, url) if checkup else []) + numbers(patient["identifier"])
    person = known[0] if known[0].startswith("insured") else ("hs037 " if checkup else "jpclins ") + known[0]
    place = None
    composition = bundle["entry"][0]["resource"]
    if composition["resourceType"] == "Composition":
        place = next((i["value"] for i in by_name[composition["custodian"]["reference"]]["identifier"] if i["system"] in INSTITUTION), None)
    sex = {"male": 1, "female": 2}.get(patient.get("gender"), 0)
    address = next((PREFECTURES.get(a.get("state"), 0) for a in patient.get("address", [])), 0)
    yield "participants" if checkup else "patients", (person, sex, int(patient["birthDate"][:4]), address)
    for entry in bundle["entry"]:
        resource = entry["resource"]
        kind = resource["resourceType"]
        subject = resource.get("subject") or resource.get("patient")
        if kind not in ("Observation", "Condition", "AllergyIntolerance", "MedicationRequest"):
            continue
        if "reference" in subject:
            assert by_name[subject["reference"]] is patient
        else:
            assert insured(subject["identifier"]["value"]) in known
        facility = place
        for extension in resource.get("extension", []):
            if extension["url"].endswith("/JP_eCS_InstitutionNumber"):
                facility = extension["valueIdentifier"]["value"]
        if kind == "Observation":
            row = observation(resource)
            if row:
                yield "items" if checkup else "observations", (person, facility) + row
        elif kind == "Condition":
            month = int(resource["recordedDate"][:7].replace("-", ""))
            icd10 = code(resource["code"], ICD10)
            yield "conditions", (person, facility, month, int(code(resource["code"], MEDIS)), icd10[:3] if icd10 else "---")
        elif kind == "AllergyIntolerance":
            yield "allergies", (person, facility, resource["category"][0], resource["code"]["coding"][0]["code"][:8])
        else:
            concept = resource["medicationCodeableConcept"]
            duration = resource["dispenseRequest"]["expectedSupplyDuration"]
            assert duration["code"] == "d"
            month = int(resource["authoredOn"][:7].replace("-", ""))
            yield "medications", (person, facility, month, code(concept, YJ), int(code(concept, HOT9)), duration["value"])


def observation(resource):
    if resource["status"] not in ("final", "amended", "corrected") or "valueString" in resource:
        return None
    jlac10, core = code(resource["code"], JLAC10), code(resource["code"], CORE)
    item = jlac10 or core
    value, unit, result = None, "none", "none"
    if "valueQuantity" in resource:
        quantity = resource["valueQuantity"]
        value, unit = quantity["value"], SPELLINGS.get(quantity["unit"], quantity["unit"])
        assert unit in UNITS[item[:5]]
    else:
        result = resource["valueCodeableConcept"]["coding"][0]["code"]
    month = int(resource["effectiveDateTime"][:7].replace("-", ""))
    return month, item[:5], jlac10 or "-" * 17, core or "-" * 17, value, unit, result


def load(db, folder):
    """Rows as tables of a DuckDB connection, for recompute.py."""
    rows = {"patients": set(), "participants": set(), "observations": [], "items": [], "conditions": []}
    for bundle in bundles(folder):
        for table, row in flatten(bundle):
            if table in ("patients", "participants"):
                rows[table].add(row)
            elif table in rows:
                rows[table].append(row)
    for table in ("patients", "participants"):
        db.execute(f"CREATE TABLE fhir_{table} (person VARCHAR, sex INT, birth_year INT, pref INT)")
        db.executemany(f"INSERT INTO fhir_{table} VALUES (?, ?, ?, ?)", sorted(rows[table]))
    for table in ("observations", "items"):
        db.execute(f"CREATE TABLE fhir_{table} (person VARCHAR, facility VARCHAR, ym INT, analyte VARCHAR, jlac10 VARCHAR, value BIGINT)")
        thousandths = lambda v: None if v is None else round(v * 1000)
        db.executemany(f"INSERT INTO fhir_{table} VALUES (?, ?, ?, ?, ?, ?)", [r[:5] + (thousandths(r[6]),) for r in rows[table]])
    db.execute("CREATE TABLE fhir_conditions (person VARCHAR, facility VARCHAR, ym INT, disease INT)")
    db.executemany("INSERT INTO fhir_conditions VALUES (?, ?, ?, ?)", [r[:4] for r in rows["conditions"]])


def main():
    folder, out = sys.argv[1:]
    begun, count, key, ordinals, files, seen = time.perf_counter(), 0, os.urandom(32), {}, {}, set()
    os.makedirs(out, exist_ok=True)

    def ordinal(name):
        token = hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:32]
        if token not in ordinals:
            ordinals[token] = random.getrandbits(28)
        return ordinals[token]

    for bundle in bundles(folder):
        count += 1
        for table, row in flatten(bundle):
            if table not in files:
                files[table] = open(os.path.join(out, table + ".csv"), "w", newline="", encoding="utf-8")
                files[table] = (files[table], csv.writer(files[table]))
            person = ordinal(row[0])
            if table in ("patients", "participants"):
                if (table, person) in seen:
                    continue
                seen.add((table, person))
                row = (person,) + row[1:]
            else:
                row = (person, ordinal("facility " + (row[1] or ""))) + row[2:]
            files[table][1].writerow(row)
    for file, _ in files.values():
        file.flush()
        os.fsync(file.fileno())
        file.close()
    print(f"bundles {count} seconds {time.perf_counter() - begun:.4f}")


if __name__ == "__main__":
    main()
