"""The numbers of signals are those of :mod:`signal`, and have its names."""

from __future__ import annotations

import signal

import pytest

from reenact.process import plain_signal
from reenact.process.plain_signal import name_signal


def test_every_number_and_name_is_the_same() -> None:
    for each in signal.Signals:
        assert name_signal(each.value) == each.name
        assert getattr(plain_signal, each.name) == each
    assert plain_signal.valid_signals() == signal.valid_signals()


def test_every_signal_has_a_name_of_its_own() -> None:
    numbers = range(1, signal.NSIG)
    assert len(set(map(name_signal, numbers))) == len(numbers)
    for wrong in (0, -1, signal.NSIG, 200):
        with pytest.raises(ValueError, match="not a valid"):
            name_signal(wrong)
