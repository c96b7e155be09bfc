"""Write down what this Python opens and whom it speaks to. Stands alone, as ``sitecustomize`` of a traced command.

It is found by ``PYTHONPATH``, so that every interpreter that the command starts loads it too. It takes itself off
``sys.path`` and hands over to whatever ``sitecustomize`` there is otherwise; the program meets neither. Each process
adds lines to a file of its own in the folder above this one, so that nothing is lost when it is killed:

``KIND TAB NANOSECONDS TAB FIELD...`` with backslash, tab and line break escaped. Kinds: ``P`` a process began
(executable, places of its packages), ``r`` ``w`` ``b`` a file was opened to read, to write, for both, ``m`` it was
renamed, ``c`` something was sent to a host (address, port, name), ``p`` a program was started.

The syntax is that of every Python, since any may be started; only from 3.8 on are there audit hooks (PEP 578).
"""

import os
import sys


def watch(folder):
    # type: (str) -> None
    """Have everything written down from now on."""
    if not hasattr(sys, "addaudithook"):
        return
    import time
    from _thread import get_ident

    own = os.fsencode(folder) + b"/"
    stat, fstat, getpid, write, now = os.stat, os.fstat, os.getpid, os.write, time.time_ns
    fsencode, fspath, getcwd, normpath, exists = os.fsencode, os.fspath, os.getcwdb, os.path.normpath, os.path.lexists
    file = [0, -1, (0, 0)]  # type: list[object]
    seen = set()  # type: set[object]
    asked = {}  # type: dict[object, str]

    def begin(pid):
        # type: (int) -> int
        name = own + b"%d-%s" % (pid, os.urandom(4).hex().encode())
        low = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        descriptor = raise_descriptor(low)
        facts = fstat(descriptor)
        file[:] = [pid, descriptor, (facts.st_dev, facts.st_ino)]
        places = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, os.path.dirname(os.__file__)}
        places.update(place for place in sys.path if place.endswith(("site-packages", "dist-packages")))
        write(descriptor, render(b"P", [fsencode(text) for text in [sys.executable or ""] + sorted(places)]))
        return descriptor

    def raise_descriptor(low):
        # type: (int) -> int
        # The program may count on the lowest numbers: whoever closes its input and opens another file gets 0.
        for high in (1000, 250, 60):
            try:
                fstat(high)
            except OSError:
                try:
                    os.dup2(low, high, False)
                except OSError:
                    continue
                os.close(low)
                return high
        if low > 2:
            return low
        os.close(low)
        raise OSError("no descriptor is free")

    def find_descriptor():
        # type: () -> int
        pid, descriptor, known = file
        if pid == getpid():
            try:
                # A program may have closed what it did not open, and opened a file of its own under that number.
                facts = fstat(descriptor)  # type: ignore[arg-type]
                if (facts.st_dev, facts.st_ino) == known:
                    return descriptor  # type: ignore[return-value]
            except OSError:
                pass
        return begin(getpid())

    def render(kind, fields):
        # type: (bytes, list[bytes]) -> bytes
        plain = [f.replace(b"\\", b"\\\\").replace(b"\t", b"\\t").replace(b"\n", b"\\n") for f in fields]
        return b"\t".join([kind, b"%d" % now()] + plain) + b"\n"

    def put(kind, *fields):
        # type: (bytes, bytes) -> None
        write(find_descriptor(), render(kind, list(fields)))

    def put_once(kind, *fields):
        # type: (bytes, bytes) -> None
        if (kind, fields) not in seen:
            seen.add((kind, fields))
            put(kind, *fields)

    def find_path(path):
        # type: (object) -> bytes
        name = fsencode(fspath(path))  # type: ignore[call-overload]
        return normpath(name if name.startswith(b"/") else getcwd() + b"/" + name)

    def see_open(path, mode, flags):
        # type: (object, object, int) -> None
        if type(path) is int or flags & (os.O_DIRECTORY | os.O_PATH):
            return
        access = flags & 3
        fresh = flags & (os.O_TRUNC | os.O_EXCL)
        see_file(b"r" if not access else b"b" if access == os.O_RDWR and not fresh else b"w", find_path(path))

    def see_file(kind, path):
        # type: (bytes, bytes) -> None
        if (kind, path) in seen or path.startswith(own):
            return
        if kind != b"w":
            try:
                regular = stat(path).st_mode & 0o170000 == 0o100000
            except OSError:
                # What is looked for and not there is not read; to write, it is made.
                if kind == b"r":
                    return
                kind, regular = b"w", True
            if not regular:
                return
        put_once(kind, path)

    def see_rename(source, target, source_folder=-1, target_folder=-1):
        # type: (object, object, int, int) -> None
        if source_folder == -1 and target_folder == -1:
            put(b"m", find_path(source), find_path(target))

    def see_link(source, target, *folders):
        # type: (object, object, *int) -> None
        if not [folder for folder in folders if folder != -1]:
            see_file(b"w", find_path(target))

    def see_folder(path, _, folder=-1):
        # type: (object, object, int) -> None
        if folder == -1 and not exists(find_path(path)):
            see_file(b"w", find_path(path))

    def see_database(name):
        # type: (object) -> None
        text = os.fsdecode(fspath(name))  # type: ignore[call-overload]
        if text.startswith("file:"):
            text = text[5:].partition("?")[0]
        if text and not text.startswith(":"):
            see_file(b"b", find_path(text))

    def see_name(host, port, *_):
        # type: (object, object, *object) -> None
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if isinstance(name, str):
            asked[get_ident(), str(port)] = name
            asked[str(port)] = name if asked.get(str(port), name) == name else ""

    def see_contact(_, address):
        # type: (object, object) -> None
        if isinstance(address, tuple) and len(address) > 1:
            host, port = str(address[0]), str(address[1])
            name = asked.get((get_ident(), port)) or asked.get(port) or ""
            put_once(b"c", fsencode(host), fsencode(port), fsencode("" if name == host else name))
        elif isinstance(address, (str, bytes)) and address:
            put_once(b"c", fsencode(address), b"", b"")

    def see_program(program, arguments=(), *_):
        # type: (object, object, *object) -> None
        if program is None and isinstance(arguments, (list, tuple)) and arguments:
            program = arguments[0]
        put_once(b"p", fsencode(fspath(program)))  # type: ignore[call-overload]

    handlers = {
        "open": see_open,
        "os.rename": see_rename,
        "os.link": see_link,
        "os.symlink": see_link,
        "os.mkdir": see_folder,
        "os.truncate": lambda path, _: None if type(path) is int else see_file(b"b", find_path(path)),
        "sqlite3.connect": see_database,
        "socket.getaddrinfo": see_name,
        "socket.connect": see_contact,
        "socket.sendto": see_contact,
        "socket.sendmsg": see_contact,
        "subprocess.Popen": see_program,
        "os.posix_spawn": see_program,
        "os.exec": see_program,
        "os.system": lambda _: see_program("sh"),
    }

    def hook(event, arguments):
        # type: (str, tuple[object, ...]) -> None
        handler = handlers.get(event)
        if handler is not None:
            try:
                handler(*arguments)  # type: ignore[operator]
            except Exception:  # noqa: BLE001, S110 - the program must not meet us, whatever goes wrong
                pass

    try:
        begin(getpid())
    except OSError:
        pass
    sys.addaudithook(hook)


def hand_over(here):
    # type: (str) -> None
    """Import the ``sitecustomize`` that there is without us; raises ImportError where there is none, as without us."""
    sys.path[:] = [place for place in sys.path if place != here]
    sys.path_importer_cache.pop(here, None)
    # Held, since Python 2 empties a module that nobody holds.
    ourselves = sys.modules.pop(__name__)
    __import__(__name__)
    del ourselves


if __name__ == "sitecustomize":
    watch(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    hand_over(os.path.dirname(os.path.abspath(__file__)))
