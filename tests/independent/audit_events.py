"""Checks a Bundle of AuditEvents: the models of fhir.resources (R4B, whose AuditEvent is R4's), then IHE BALP's profiles by hand.

usage: audit_events.py BUNDLE.json     prints `events=N profiles=…`; ends with 1 and what is wrong otherwise
"""

import base64
import collections
import json
import sys

from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle

DCM = "http://dicom.nema.org/resources/ontology/DCM"
INTERACTION = "http://hl7.org/fhir/restful-interaction"
ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
PART = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
REST = ("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest")
PROFILES = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
AUTHZ = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType"

# Codes that may be seen at all: what the systems define, written down independently of the program under test.
KNOWN = {
    REST[0]: {"rest"},
    DCM: {"110100", "110101", "110106", "110107", "110113", "110120", "110137", "110150", "110152", "110153"},
    INTERACTION: {"create", "read", "update", "search", "operation"},
    LIFECYCLE: {"originate", "receive", "extract", "pseudonymize", "deidentify", "verify", "disclose"},
    AUTHZ: {"AuthZ-Role", "AuthZ-Consent"},
    ENTITY: {"1", "2", "3", "4"},
    ROLE: {str(n) for n in range(1, 25)},
    PART: {"IRCP", "AUT"},
    "http://terminology.hl7.org/CodeSystem/v3-ActReason": {"HRESCH"},
    "http://terminology.hl7.org/CodeSystem/security-source-type": {"4"},
}

# Profile -> subtypes, action, code of the client's agent, of the server's, of the person's; number and roles of the type-2 entities.
BALP = {
    "Create": ({"create"}, "C", "110153", "110152", {"AUT", "INF", "CST"}, {"3", "4", "20"}),
    "Read": ({"read", "vread"}, "R", "110152", "110153", {"IRCP"}, {"3", "4", "20"}),
    "Query": ({"search", "search-type", "search-system"}, "E", "110153", "110152", {"IRCP"}, {"24"}),
}


def code(coding):
    return coding["system"], coding["code"]


def concept(value):
    return code(value["coding"][0])


def agents_of(event, system, wanted):
    return [a for a in event["agent"] if concept(a["type"]) == (system, wanted)]


def check_base(event):
    AuditEvent.model_validate(event)
    for found in codings(event):
        assert found["code"] in KNOWN[found["system"]], f"unknown code {found}"
        assert found.get("display"), f"no display {found}"
    assert event["outcome"] in {"0", "4", "8", "12"} and event["action"] in set("CRUDE")
    assert all(isinstance(a["requestor"], bool) for a in event["agent"])
    assert sum(a["requestor"] for a in event["agent"]) == 1, "one agent asks"
    assert event["source"]["observer"]["identifier"]["value"] and event["source"]["site"]
    assert all(not ("name" in e and "query" in e) for e in event["entity"]), "sev-1: a name or a query"
    assert event["entity"][-1]["name"] == "leaf of the record" and event["entity"][-1]["what"]["identifier"]["value"] == event["id"].split("-")[1]
    assert (event["outcome"] == "0") == ("outcomeDesc" not in event)
    # No patient could be named, so none is.
    assert all(code(e["type"]) != (ENTITY, "1") for e in event["entity"])


def codings(value):
    if isinstance(value, dict):
        if "system" in value and "code" in value:
            yield value
        for inner in value.values():
            yield from codings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from codings(inner)


def check_profile(event, name):
    subtypes, action, client_code, server_code, parts, roles = BALP[name]
    assert code(event["type"]) == REST and event["outcome"] == "0" and event["action"] == action
    any_of = [c for s, c in map(code, event["subtype"]) if s == INTERACTION and c in subtypes]
    assert len(any_of) == 1, "one interaction"
    (client,) = agents_of(event, DCM, client_code)
    (server,) = agents_of(event, DCM, server_code)
    assert len(event["agent"]) >= 2
    for end in (client, server):
        assert end["who"] and "network" in end and "media" not in end
    # Not recorded, and said so.
    (absent,) = client["network"]["_address"]["extension"]
    assert absent["url"].endswith("/data-absent-reason") and absent["valueCode"] == "unknown"
    users = [a for a in event["agent"] if a["type"]["coding"][0]["code"] in parts and a["type"]["coding"][0]["system"] == PART]
    assert len(users) == 1 and users[0]["requestor"] is True and users[0]["who"]["identifier"]["value"].startswith("per_")
    assert "network" not in users[0] and "media" not in users[0]
    objects = [e for e in event["entity"] if code(e["type"]) == (ENTITY, "2")]
    assert len(objects) == 1, "the slices are told apart by type: one system object"
    (entity,) = objects
    assert code(entity["role"])[0] == ROLE and code(entity["role"])[1] in roles
    if name == "Query":
        assert not {"what", "lifecycle", "detail", "name"} & set(entity), "the query slice has no what, lifecycle or detail"
        raw = base64.b64decode(entity["query"], validate=True).decode()
        assert raw.startswith("POST /v1/permits/prm_") and "\nsql: sha256:" in raw and "SELECT" not in raw.upper()
    else:
        assert entity["what"]["identifier"]["value"]


def main():
    bundle = json.load(open(sys.argv[1], encoding="utf-8"))
    Bundle.model_validate(bundle)
    assert bundle["type"] == "collection"
    seen, profiles, names = set(), collections.Counter(), set()
    for entry in bundle["entry"]:
        event = entry["resource"]
        try:
            check_base(event)
            for profile in event.get("meta", {}).get("profile", []):
                assert profile.startswith(PROFILES)
                check_profile(event, profile[len(PROFILES):])
                profiles[profile[len(PROFILES):]] += 1
        except Exception as fault:
            sys.exit(f"{event.get('id')}: {type(fault).__name__}: {fault}\n{json.dumps(event, indent=1)}")
        assert entry["fullUrl"].startswith("urn:uuid:") and entry["fullUrl"] not in seen
        seen.add(entry["fullUrl"])
        names.add(event["id"])
    assert len(names) == len(bundle["entry"])
    print(f"events={len(names)} " + " ".join(f"{name}={count}" for name, count in sorted(profiles.items())))


main()
