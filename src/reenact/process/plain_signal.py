"""What a run needs of :mod:`signal`, without the enums that it makes of its numbers when it is imported.

To make those, and to load :mod:`enum` for them, is a tenth of what a container's run does until the engine is asked.
This is the module of the interpreter's own around which ``signal`` is made: its numbers are numbers, and so are the
handlers that it tells. :func:`name_signal` knows their names.
"""

from __future__ import annotations

from reenact.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from signal import SIG_BLOCK as SIG_BLOCK
    from signal import SIG_DFL as SIG_DFL
    from signal import SIG_IGN as SIG_IGN
    from signal import SIG_SETMASK as SIG_SETMASK
    from signal import SIGCONT as SIGCONT
    from signal import SIGHUP as SIGHUP
    from signal import SIGINT as SIGINT
    from signal import SIGKILL as SIGKILL
    from signal import SIGPIPE as SIGPIPE
    from signal import SIGQUIT as SIGQUIT
    from signal import SIGSTOP as SIGSTOP
    from signal import SIGTERM as SIGTERM
    from signal import SIGTSTP as SIGTSTP
    from signal import SIGUSR1 as SIGUSR1
    from signal import SIGUSR2 as SIGUSR2
    from signal import SIGWINCH as SIGWINCH
    from signal import SIGXFSZ as SIGXFSZ
    from signal import getsignal as getsignal
    from signal import pthread_sigmask as pthread_sigmask
    from signal import set_wakeup_fd as set_wakeup_fd
    from signal import signal as signal
    from signal import valid_signals as valid_signals
else:
    from _signal import *  # noqa: F403


def name_signal(number: int) -> str:
    """The name of a signal: ``SIGTERM``, or ``SIGRTMIN+6`` where it has none of its own, as signal(7) counts them.

    Raises:
        ValueError: there is no such signal.
    """
    import signal as named

    try:
        return named.Signals(number).name
    except ValueError:
        if not 0 < number < named.NSIG:
            raise
        return f"SIGRTMIN{number - named.SIGRTMIN:+d}"
