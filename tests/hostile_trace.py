#!/usr/bin/env python3
"""Makes the trace of a stranger out of one of ours, with answers that no kernel gives.

usage: hostile_trace.py BASE OUT [CHANGE]
       hostile_trace.py --list

Reads what `zstdcat BASE` prints and writes OUT with zstd(1), so nothing of frontrun's own writer is
involved. Always: the trace is said to be of another machine. CHANGE is the name of one of the
functions below; each is given the lines that hold an answer, and may change that list.
"""

import base64
import inspect
import json
import subprocess
import sys

BIG = 4096


def of(lines, call):
    """The program's own call of that name, not one of the runtime."""
    return next(line for line in lines if line["in"] == call and "asked" not in line.get("f", []))


def blob(size):
    return {"b64": base64.b64encode(b"\x41" * size).decode()}


def longer(lines, call):
    line = of(lines, call)
    line["r"] = BIG
    line["got"] = blob(BIG)


def change_read_longer(lines):
    longer(lines, "read")


def change_readv_longer(lines):
    longer(lines, "readv")


def change_pread_longer(lines):
    longer(lines, "pread64")


def change_readlink_longer(lines):
    longer(lines, "readlink")


def change_recv_longer(lines):
    longer(lines, "recvfrom")


def change_recvmsg_longer(lines):
    longer(lines, "recvmsg")


def change_poll_longer(lines):
    longer(lines, "poll")


def change_epoll_longer(lines):
    longer(lines, "epoll_wait")


def change_getdents_longer(lines):
    longer(lines, "getdents64")


def change_fstat_longer(lines):
    of(lines, "newfstatat")["got"] = blob(BIG)


def change_ioctl_longer(lines):
    of(lines, "ioctl")["got"] = blob(BIG)


def change_recvmsg_header(lines):
    """Lengths of name and control data that nobody offered room for."""
    of(lines, "recvmsg")["got"] = {
        "b64": base64.b64encode(b"\xff" * 16 + b"\x41" * 48).decode()
    }


def change_bytes_missing(lines):
    of(lines, "read")["got"] = "short"


def change_bytes_none(lines):
    del of(lines, "readv")["got"]


def change_more_without_end(lines):
    of(lines, "read")["f"] = ["more"]


def change_more_of_another_call(lines):
    line = of(lines, "read")
    line["f"] = ["more"]
    line["got"] = "x"
    lines.insert(lines.index(line) + 1, {"in": "close", "l": 1, "a": [3], "f": ["next"]})


def change_next_without_begin(lines):
    of(lines, "read")["f"] = ["next"]


def change_reference_outside(lines):
    line = of(lines, "read")
    line["got"] = {"b64": base64.b64encode(b"\xff" * 24).decode()}
    line["f"] = ["reference"]


def change_reference_short(lines):
    line = of(lines, "read")
    line["got"] = "x"
    line["f"] = ["reference"]


def change_reference_traversal(lines):
    line = of(lines, "openat")
    line["got"] = "../../../../../../../../etc/shadow"
    line["f"] = ["reference"]


def change_descriptor_huge(lines):
    of(lines, "openat")["r"] = 2**31 - 1


def change_descriptor_of_region(lines):
    of(lines, "openat")["r"] = 4095


def change_descriptor_beyond(lines):
    of(lines, "openat")["r"] = 2**40


def change_pair_beyond(lines):
    of(lines, "socketpair")["got"] = blob(8)


def change_result_impossible(lines):
    of(lines, "pread64")["r"] = -5000


def change_result_least(lines):
    of(lines, "read")["r"] = str(-(2**63))


def change_lane_unknown(lines):
    of(lines, "read")["l"] = 2**32 - 1


def change_process_unknown(lines):
    of(lines, "read")["pr"] = 65535


def change_call_unknown(lines):
    of(lines, "read")["in"] = "no_such_call"


def change_call_number_huge(lines):
    of(lines, "read")["in"] = "65535"


def change_call_that_is_real(lines):
    """The program never asks for it, and a replay must not do it."""
    lines.insert(4, {"in": "reboot", "l": 1, "a": [-18751827, 672274793, 19088743]})


def change_never_asked(lines):
    lines.insert(
        lines.index(of(lines, "read")),
        {"in": "unlink", "l": 1, "name": "/etc/passwd"},
    )


def change_arguments_too_many(lines):
    of(lines, "read")["a"] = [3, 0, 16, 0, 0, 0, 0, 0, 0]


def change_name_long(lines):
    of(lines, "openat")["name"] = "x" * 70000


def change_bytes_not_base64(lines):
    of(lines, "read")["got"] = {"b64": "!!!!"}


def change_types_wrong(lines):
    of(lines, "read").update({"r": {}, "a": "x"})


def change_end_early(lines):
    del lines[lines.index(of(lines, "readv")) :]


def change_none(lines):
    lines.clear()


def changes():
    prefix = "change_"
    return {
        name[len(prefix) :]: function
        for name, function in sorted(globals().items())
        if name.startswith(prefix) and inspect.isfunction(function)
    }


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(changes()))
        return 0
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    said = subprocess.run(["zstdcat", "-q", "--", sys.argv[1]], stdout=subprocess.PIPE, check=True)
    texts = said.stdout.decode().splitlines()
    header = json.loads(texts[0])
    header["origin"] = "0123456789abcdef"
    # Where they stood does not matter to a replay: answers are read by themselves.
    answers = [json.loads(text) for text in texts if text.startswith('{"in":')]
    others = [text for text in texts[1:] if not text.startswith(('{"in":', '{"index":'))]
    if len(sys.argv) == 4:
        changes()[sys.argv[3]](answers)
    lines = [json.dumps(header)] + [json.dumps(line) for line in answers] + others
    subprocess.run(
        ["zstd", "-q", "-f", "-o", sys.argv[2]],
        input="\n".join(lines).encode() + b"\n",
        check=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
