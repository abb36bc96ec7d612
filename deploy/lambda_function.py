"""The module that Lambda@Edge's Python runtime imports: it starts the Go binary beside it.

Lambda@Edge runs only Node.js and Python. exec during the import replaces the interpreter by the Go
binary; the process, its environment and its standard output and error stay the same. From then on the
binary talks to the Runtime API. `os` is the only import, because it is loaded already.

If exec fails, the function must still answer, because an error here is a 5xx for the visitor. The
binary may have lost its x bit, so a copy with an x bit is tried (/var/task is read-only). If the copy
cannot be started either, lambda_handler returns every request unchanged, so that CloudFront serves the
original pictures.

A damaged binary may start and then die. Lambda then imports this module again in the same sandbox, and
every request would be a 5xx. So this module creates a file before exec, and the binary removes the file
before it asks for its first event. If the file exists already, the binary is not started again.
"""

import os

_NAME = "miniatura"
_CRUMB = "MINIATURA_STARTING"  # the environment variable that tells the binary which file to remove


def _become(binary, spare="/tmp"):
    """Replaces this process by binary or, if that fails, by a copy of binary in the folder spare.

    Returns only if the copy fails too: a text that says why.
    """
    try:
        os.execv(binary, [binary])
    except OSError as first:
        reason = "exec %s: %s" % (binary, first)
    copy = os.path.join(spare, _NAME)
    try:
        # The copy is written under a new name and then renamed, because an earlier start may have left
        # a copy that is damaged or in use.
        part = "%s.%d" % (copy, os.getpid())
        with open(binary, "rb") as src, open(part, "wb") as dst:
            while True:
                piece = src.read(1 << 20)
                if not piece:
                    break
                dst.write(piece)
        os.chmod(part, 0o755)
        os.replace(part, copy)
        os.execv(copy, [copy])
    except OSError as second:
        return "%s; copy to %s: %s" % (reason, copy, second)


def _start(folder, spare="/tmp"):
    """Replaces this process by the binary in folder, or returns a text that says why that failed.

    Files are written to the folder spare.
    """
    crumb = os.path.join(spare, (_NAME + folder.replace("/", "_"))[:200] + ".starting")
    try:
        os.close(os.open(crumb, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.environ[_CRUMB] = crumb
    except FileExistsError:
        return "exec %s: it was started before and ended before its first poll" % os.path.join(folder, _NAME)
    except OSError:
        pass  # start even if /tmp is full
    why = _become(os.path.join(folder, _NAME), spare)
    try:
        os.remove(crumb)  # the binary was not started
    except OSError:
        pass
    return why


try:
    _why = _start(os.path.dirname(os.path.abspath(__file__)))
    print('{"decision":"unchanged","error":"lambda_function: %s"}' % _why.replace("\\", "/").replace('"', "'"), flush=True)
except Exception:  # an import that fails would be a 5xx
    pass


def lambda_handler(event, context):
    """Returns the request unchanged. It is called only when the Go binary could not be started."""
    return event["Records"][0]["cf"]["request"]
