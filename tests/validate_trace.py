#!/usr/bin/env python3
"""Checks traces against formats/trace.schema.json, and what a schema cannot say.

usage: validate_trace.py TRACE...

Reads what `zstdcat TRACE` prints, so nothing of frontrun's own reader is involved. Each line is
checked with the schema of its type; then: header first and outcome last, counts of the outcome,
numbers introduced before they are used, k carried by the first event of each lane, keys of events
and decisions in their order. Prints one line for each fault, at most 20; status 1 if there is any,
2 when a trace cannot be read at all.
"""

import json
import os
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    sys.exit("validate_trace.py: needs the Python module jsonschema (python3-jsonschema)")

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TYPES = {"frontrun": "header", "e": "event", "d": "decision"}
NAMES = ("module", "location", "context", "lane", "object")
FAULTS_MAX = 20
# key of a line -> type of the number in it
USES = {
    "event": {"l": "lane", "o": "object", "o2": "object", "c": "context"},
    "decision": {"l": "lane", "at": "context"},
    "location": {"module": "module"},
    "lane": {"parent": "lane", "start": "location"},
    "object": {"context": "context"},
}


def load_schemas():
    with open(os.path.join(ROOT, "formats/trace.schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    types = [entry["$ref"].rpartition("/")[2] for entry in schema["oneOf"]]
    return schema, {
        t: validator({"$ref": "#/$defs/" + t, "$defs": schema["$defs"]}) for t in types
    }


class Trace:
    """One trace, line by line."""

    def __init__(self, schema, validators):
        self.validators = validators
        self.order = {t: list(schema["$defs"][t]["properties"]) for t in ("event", "decision")}
        self.faults = []
        self.lines = 0
        self.counts = {"event": 0, "decision": 0}
        self.known = {name: set() for name in NAMES}
        self.lanes_with_k = set()
        self.last = None

    def fault(self, text):
        self.faults.append("line %d: %s" % (self.lines, text))

    def check_uses(self, kind, line):
        for key, name in USES.get(kind, {}).items():
            number = line.get(key)
            if number and number not in self.known[name]:
                self.fault('"%s": %s %s was not introduced' % (key, name, number))
        for number in line.get("frames", []) if kind == "context" else []:
            if number not in self.known["location"]:
                self.fault("location %s was not introduced" % number)

    def check_order(self, kind, line):
        order = [key for key in self.order[kind] if key in line]
        if [key for key in line if key in order] != order:
            self.fault("keys are not in the order %s" % ", ".join(order))

    def take(self, text):
        self.lines += 1
        try:
            line = json.loads(text)
        except ValueError as error:
            self.fault("not JSON: %s" % error)
            return
        key = next(iter(line), None) if isinstance(line, dict) else None
        kind = TYPES.get(key, key)
        if (kind == "header") != (self.lines == 1):
            self.fault("a header must be the first line and only that")
        self.last = kind
        if kind not in self.validators:
            return
        if not self.validators[kind].is_valid(line):
            error = jsonschema.exceptions.best_match(self.validators[kind].iter_errors(line))
            where = "/".join(str(part) for part in error.absolute_path)
            self.fault("%s%s: %s" % (kind, where and " " + where, error.message))
            return
        self.check_uses(kind, line)
        if kind in NAMES:
            self.known[kind].add(line[kind])
        elif kind in self.counts:
            self.counts[kind] += 1
            self.check_order(kind, line)
        if kind == "event":
            if "k" not in line and line["l"] not in self.lanes_with_k:
                self.fault("the first event of lane %d has no k" % line["l"])
            self.lanes_with_k.add(line["l"])
        if kind == "outcome":
            for counted, key in (("event", "events"), ("decision", "decisions")):
                if int(line[key]) != self.counts[counted]:
                    self.fault("%s is %s, there are %d" % (key, line[key], self.counts[counted]))

    def end(self):
        if self.last != "outcome":
            self.fault("the last line is no outcome")


def validate(path, schema, validators):
    trace = Trace(schema, validators)
    with subprocess.Popen(["zstdcat", "--", path], stdout=subprocess.PIPE) as zstd:
        for text in zstd.stdout:
            trace.take(text)
            if len(trace.faults) >= FAULTS_MAX:
                zstd.kill()
                break
        else:
            trace.end()
    if zstd.returncode and len(trace.faults) < FAULTS_MAX:
        print("%s: zstdcat failed" % path)
        return 2
    for fault in trace.faults:
        print("%s: %s" % (path, fault))
    return 1 if trace.faults else 0


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    schema, validators = load_schemas()
    return max(validate(path, schema, validators) for path in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
