"""What is kept of the runs: their folders as values, their life, the index over them.

``files``: what is in a run's folder. ``log``: the format of its log. ``life``: a run from its first moment to its last.
``lookup``: which run a name means. ``filter``: which runs a list means. ``history``: what is done with those there have
been. ``index`` and ``store``: the index over the folders, and its rows.
"""
