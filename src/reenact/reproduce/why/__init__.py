"""Why two runs came out different, found by trying.

``hunks``: the code in pieces. ``factors``: all that differs in pieces, and what is made of some of them. ``search``:
the smallest set that makes the difference. ``story``: the trials.
"""
