"""Take away from ourselves what a command shall not have, then become the command. Linux only; stands alone.

``python -I -S confine.py [--no-network] [--read-only] [--writable PATH]… [--sealed PATH]… [--visible PATH]… [-- ARGV]``

This process leaves the network for one of its own, in which only loopback is up, and makes every mount of its own view
of the file system read-only but ``--writable`` (less what is ``--sealed`` inside of it) and the folders for temporary
files, which are new and empty but for what is ``--visible``. Then it executes ARGV; without one it ends, to tell that
it could. unshare(2), mount_setattr(2) (Linux 5.12), user_namespaces(7), capabilities(7).

It executes rather than watches, as ``bwrap`` does, so that process number, group, session, terminal, signals and exit
code are the command's own. It opens no new space of process numbers: whoever watches from outside sees all of it.
"""

from __future__ import annotations

import ctypes
import os
import sys

CANNOT = 125
"""The exit code when the command cannot be kept from what it shall not have; the command has not begun then."""

PRIVATE = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108
"""Folders that are writable, new, and gone with the command."""

_NEWNS, _NEWUSER, _NEWNET = 0x20000, 0x10000000, 0x40000000
_NOSUID, _NODEV, _BIND, _REC, _MOUNT_PRIVATE = 2, 4, 4096, 16384, 1 << 18
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _ATTR_READ_ONLY = 442, -100, 0x8000, 1
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_CAPBSET_DROP = 24
_DROPPED = (12, 16, 17, 19, 21, 27)
"""CAP_NET_ADMIN, SYS_MODULE, SYS_RAWIO, SYS_PTRACE, SYS_ADMIN, MKNOD: by these root could undo it."""

_libc = ctypes.CDLL(None, use_errno=True)


def _call(what: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def unshare(kinds: int) -> None:
    """Leave the namespaces; by way of a user namespace of our own, with the same ids, where we may not otherwise."""
    if _libc.unshare(kinds) == 0:
        return
    user, group = os.geteuid(), os.getegid()
    _call("a namespace of its own (unshare)", _libc.unshare(_NEWUSER | kinds))
    # What may be denied is to map the ids: where AppArmor restricts user namespaces, say.
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def raise_loopback() -> None:
    """Bring up ``lo``, which is down in a new network."""
    # The module underneath: "socket" itself takes as long to import as all the rest.
    import _socket
    import fcntl
    import struct

    any_socket = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    fcntl.ioctl(any_socket.fileno(), _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    any_socket.close()


def make_read_only(writable: list[str], sealed: list[str], visible: list[str]) -> None:
    """Every mount read-only but ``writable`` and :data:`PRIVATE`."""
    _mount(None, "/", None, _REC | _MOUNT_PRIVATE)
    needed = sorted({os.path.realpath(path) for path in (*writable, *sealed, *visible) if os.path.exists(path)})
    private = [place for place in PRIVATE if os.path.isdir(place) and os.path.realpath(place) not in needed]
    for place in private:
        _make_private(place, needed)
    for path in writable:
        _mount(path, path, None, _BIND | _REC)
    for path in sealed:
        if os.path.isdir(path):
            _mount(path, path, None, _BIND | _REC)
    _set("/", read_only=True, below=True)
    for path in (*private, *writable):
        _set(path, read_only=False)
    for path in sealed:
        if os.path.isdir(path):
            _set(path, read_only=True)


def _make_private(place: str, needed: list[str]) -> None:
    """An empty file system at ``place``, and in it again what lies below and is needed."""
    shown: dict[str, int] = {}
    for path in needed:
        # Sorted, so that a folder comes before what is in it.
        if path.startswith(f"{os.path.realpath(place)}/") and not any(path.startswith(f"{each}/") for each in shown):
            shown[path] = os.open(path, os.O_PATH | os.O_CLOEXEC)
    _mount("tmpfs", place, "tmpfs", _NOSUID | _NODEV, "mode=1777")
    for path, descriptor in shown.items():
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
        _mount(f"/proc/self/fd/{descriptor}", path, None, _BIND | _REC)
        os.close(descriptor)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    _call(f"mounting {target}", _libc.mount(*encoded[:3], ctypes.c_ulong(flags), encoded[3]))


def _set(path: str, *, read_only: bool, below: bool = False) -> None:
    # struct mount_attr: what to set, what to clear, propagation, user namespace.
    change = (_ATTR_READ_ONLY, 0) if read_only else (0, _ATTR_READ_ONLY)
    attributes = (ctypes.c_uint64 * 4)(*change, 0, 0)
    flags = _AT_RECURSIVE if below else 0
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    name = os.fsencode(path)
    _call(
        f"making {path} {'read-only' if read_only else 'writable'} (mount_setattr)",
        _libc.syscall(ctypes.c_long(_MOUNT_SETATTR), _AT_FDCWD, name, flags, ctypes.byref(attributes), size),
    )


def drop_power() -> None:
    """Have the command begin without the capabilities that could undo all this."""
    for capability in _DROPPED:
        _call("giving up capabilities", _libc.prctl(_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0))


def read_environ() -> dict[bytes, bytes]:
    """What we were started with: Python may have added to it since (PEP 538)."""
    with open("/proc/self/environ", "rb") as file:
        entries = file.read().split(b"\0")
    return {name: value for name, mark, value in (entry.partition(b"=") for entry in entries) if mark}


def become(argv: list[str]) -> int:
    """Execute the command; a code as a shell would have it where that cannot be."""
    import _signal  # type: ignore[import-not-found]  # typeshed has no stub of the module beneath "signal"

    environ = read_environ()
    # Python ignores these, and what is ignored stays so in the command.
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):
        _signal.signal(number, _signal.SIG_DFL)
    try:
        os.execvpe(argv[0], argv, environ)  # noqa: S606
    except FileNotFoundError:
        sys.stderr.write(f"{argv[0]}: command not found\n")
        return 127
    except OSError as problem:
        sys.stderr.write(f"{argv[0]}: {problem.strerror}\n")
        return 126


def main(arguments: list[str]) -> int:
    """Do it; returns only if the command does not begin."""
    flags: set[str] = set()
    paths: dict[str, list[str]] = {"--writable": [], "--sealed": [], "--visible": []}
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            break
        if word in paths:
            paths[word].append(next(rest))
        else:
            flags.add(word)
    here = os.getcwd()
    try:
        unshare((_NEWNET if "--no-network" in flags else 0) | (_NEWNS if "--read-only" in flags else 0))
        if "--no-network" in flags:
            raise_loopback()
        if "--read-only" in flags:
            make_read_only(*paths.values())
            os.chdir(here)  # It was on the mount that is covered now.
        drop_power()
    except OSError as problem:
        where = problem.filename or "isolation"
        sys.stderr.write(f"reenact: the command cannot be isolated: {where}: {problem.strerror}\n")
        return CANNOT
    argv = list(rest)
    return become(argv) if argv else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
