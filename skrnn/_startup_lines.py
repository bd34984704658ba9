"""A filter for standard error while TensorFlow starts, run as a script: it holds back what TensorFlow always logs.

It passes on everything else at once. When it reads the token that is its argument, it discards or shows what it holds
and answers. If its input ends without a token, because the other process has died, it shows what it holds.
"""

import os
import re
import select
import sys
from contextlib import suppress

STARTED, FAILED = b"+", b"-"

_KNOWN = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR$"
    rb"|To enable the following instructions: .*, in other operations, rebuild TensorFlow with"
    # "I0000 00:00:1795573729.036124    5102 port.cc:153] ..." or "2026-11-25 02:08:49.036124: I path/port.cc:153] ..."
    rb"|(?:[IWE]\d{4} \d\d:\d\d:\d+\.\d+ +\d+|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE]) [\w./]+:\d+\] *(?:"
    rb"oneDNN custom operations are on\."
    rb"|Could not find cuda drivers on your machine, GPU will not be used"
    rb"|This TensorFlow binary is optimized "
    rb"|Unable to register cu\w+ factory: "
    rb"|TF-TRT Warning: Could not find TensorRT"
    # No driver or no device. With any other error there is a GPU, and the line says why it is not used.
    rb"|failed call to cuInit: .*(?:UNKNOWN ERROR \(303\)|CUDA_ERROR_NO_DEVICE)"
    rb"|XLA service 0x\w+ initialized for platform Host "
    rb"|StreamExecutor (?:device \(\d+\)|\[\d+\]): Host, "
    rb"|Compiled cluster using XLA! "
    rb"|disabling MLIR crash reproducer, "
    rb")"
)
_PATIENCE = 0.2  # seconds, after which the beginning of a line is passed on: a progress bar has no end


def run(token: bytes) -> None:
    """Filter standard input into standard error, until all that write to it have closed it."""
    held: list[bytes] = []
    rest = b""
    os.write(1, b"r")
    while True:
        if rest and not select.select([0], [], [], _PATIENCE)[0]:
            _show(rest)
            rest = b""
        read = os.read(0, 2**16)
        before, found, after = (rest + read).partition(token)
        *lines, rest = before.split(b"\n")
        for line in lines:
            if _KNOWN.match(line):
                held.append(line + b"\n")
            else:
                _show(line + b"\n")
        if found:
            _show(rest)
            if after[:1] == FAILED:
                _show(b"".join(held))
            held, rest = [], after[1:]
            with suppress(OSError):
                os.write(1, b"a")
        if not read:
            _show(rest + b"".join(held))
            return


def _show(text: bytes) -> None:
    with suppress(OSError):  # nothing reads the output any more, but writers to this process must not block
        while text:
            text = text[os.write(2, text) :]


if __name__ == "__main__":
    run(sys.argv[1].encode())
