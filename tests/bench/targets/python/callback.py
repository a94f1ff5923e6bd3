"""What an interpreter itself takes to say which instruction comes next: callback.py LIBRARY ROUNDS

The accesses of access.py, without frontrun, with a callback in C that does nothing: on 3.11 a trace
function with opcode events, later a monitoring callback on the instructions that access. Prints the
nanoseconds that this adds to one access.
"""

import ctypes
import dis
import operator
import sys

from access import Box, accesses

RUNS = 5


def watch_opcodes(library):
    """3.11: from the next call on; the C function stays in place of this one."""
    set_trace = ctypes.pythonapi.PyEval_SetTrace
    set_trace.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    empty = ctypes.cast(library.empty_trace, ctypes.c_void_p)

    def first(frame, event, _argument):
        if frame.f_code is accesses.__code__ and event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            set_trace(empty, None)

    sys.settrace(first)


def watch_instructions(box):
    monitoring, code = sys.monitoring, accesses.__code__
    event = monitoring.events.INSTRUCTION
    wanted = {i.offset for i in dis.get_instructions(code) if i.opname in ("LOAD_ATTR", "STORE_ATTR")}
    monitoring.use_tool_id(monitoring.PROFILER_ID, "empty")
    monitoring.register_callback(
        monitoring.PROFILER_ID, event,
        lambda _code, offset: None if offset in wanted else monitoring.DISABLE)
    monitoring.set_local_events(monitoring.PROFILER_ID, code, event)
    accesses(box, 1)
    # Takes two arguments and looks at neither.
    monitoring.register_callback(monitoring.PROFILER_ID, event, operator.is_)


def main():
    library, rounds = ctypes.PyDLL(sys.argv[1]), int(sys.argv[2])
    clock, box = library.thread_nanoseconds, Box()
    clock.restype = ctypes.c_double

    def measure():
        begin = clock()
        accesses(box, rounds)
        return (clock() - begin) / (rounds * 20)

    plain = min(measure() for _ in range(RUNS))
    costs = []
    if sys.version_info >= (3, 12):
        watch_instructions(box)
    for _ in range(RUNS):
        if sys.version_info < (3, 12):
            watch_opcodes(library)
        costs.append(measure())
    print(sorted(costs)[RUNS // 2] - plain)


if __name__ == "__main__":
    main()
