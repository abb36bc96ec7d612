"""The entry that Lambda@Edge's Python runtime imports: it becomes the Go binary beside it.

Lambda@Edge runs Node.js and Python only. exec at import replaces the interpreter while the process, its
pid, its environment and its standard output and error stay; from then on the Go binary speaks to the Runtime
API itself, and Python is never seen again. `os` is the only import on that road: it is already loaded.

Should exec fail, the function must still answer, because an error here is a 5xx for the visitor:
a lost x bit is mended on a copy (/var/task is read-only), and after that lambda_handler passes
every request on as it came, so that CloudFront serves the original pictures.

A binary may also start and die, cut short or damaged. Lambda then imports this again in the same sandbox, and each
request would be a 5xx: so a crumb is left before exec, which the binary removes at its first poll. Where one is found,
the binary is not started again.
"""

import os

_NAME = "miniatura"
_CRUMB = "MINIATURA_STARTING"  # the environment variable that tells the binary which file to remove


def _become(binary, spare="/tmp"):
    """Replaces this process by binary, or returns the reason why it could not, in words."""
    try:
        os.execv(binary, [binary])
    except OSError as first:
        reason = "exec %s: %s" % (binary, first)
    copy = os.path.join(spare, _NAME)
    try:
        # A new name, then a rename: a copy that an earlier start of this sandbox left may be damaged, or busy.
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
    """Becomes the binary in folder, or returns the reason why it could not, in words."""
    crumb = os.path.join(spare, (_NAME + folder.replace("/", "_"))[:200] + ".starting")
    try:
        os.close(os.open(crumb, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.environ[_CRUMB] = crumb
    except FileExistsError:
        return "exec %s: it was started before and ended before its first poll" % os.path.join(folder, _NAME)
    except OSError:
        pass  # a full /tmp is no reason not to start
    why = _become(os.path.join(folder, _NAME), spare)
    try:
        os.remove(crumb)  # nothing was started
    except OSError:
        pass
    return why


try:
    _why = _start(os.path.dirname(os.path.abspath(__file__)))
    print('{"decision":"unchanged","error":"lambda_function: %s"}' % _why.replace("\\", "/").replace('"', "'"), flush=True)
except Exception:  # whatever it is: an import that fails is a 5xx
    pass


def lambda_handler(event, context):
    """Reached only when the Go binary could not be started: the request goes on unchanged."""
    return event["Records"][0]["cf"]["request"]
