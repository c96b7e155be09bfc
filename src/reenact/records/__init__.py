"""What is kept of the runs: their folders as values, their life, the index over them.

``files``: what is in a run's folder. ``log``: the format of its log. ``life``: a run from its first moment to its last.
``history``: what is done with those there have been. ``index`` and ``store``: the index and its rows. ``filter``: which
runs are meant.
"""
