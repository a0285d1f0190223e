"""Checks CloudEvents, one a line: the JSON Schema of the specification where its file is given, and the rules of CloudEvents 1.0 by hand.

usage: cloudevents.py EVENTS.ndjson [SCHEMA.json]     prints `items=N schema=yes|no`; ends with 1 and what is wrong otherwise
"""

import json
import re
import sys

import jsonschema

# CloudEvents 1.0: attribute names are lower-case letters and digits, values of ours are strings.
NAME = re.compile(r"[a-z0-9]{1,20}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def check(item, index):
    for name, value in item.items():
        assert NAME.fullmatch(name), f"attribute name {name}"
        assert name == "data" or (isinstance(value, str) and value), f"{name} must be a string that is not empty"
    assert item["specversion"] == "1.0" and item["datacontenttype"] == "application/json"
    assert item["type"].startswith("jp.visiting.record.") and not re.search(r"\s", item["source"])
    if item["type"].endswith(".checkpoint"):
        note = item["data"]["checkpoint"].split("\n")
        assert item["id"] == f"checkpoint-{note[1]}" and note[0] == item["source"] and int(note[1]) == index
        assert set(item["data"]) == {"checkpoint"} and "time" not in item
        return index
    leaf = json.loads(item["data"]["leaf"])
    assert item["data"]["index"] == index and item["id"] == str(index), f"event {item['id']} where {index} was due"
    assert item["type"] == "jp.visiting.record." + leaf["act"]["kind"] and TIME.fullmatch(item["time"])
    assert set(item["data"]) == {"index", "leaf"}
    return index + 1


def main():
    schema = json.load(open(sys.argv[2], encoding="utf-8")) if len(sys.argv) > 2 else None
    checker = schema and jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    count = index = 0
    ids = set()
    for line in open(sys.argv[1], encoding="utf-8"):
        item = json.loads(line)
        if checker:
            checker.validate(item)
        index = check(item, index)
        # Source and id together name an event; nothing here is sent twice.
        assert item["id"] not in ids, f"{item['id']} came twice"
        ids.add(item["id"])
        count += 1
    print(f"items={count} schema={'yes' if checker else 'no'}")


main()
