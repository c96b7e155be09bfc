"""A run as one file, to hand to somebody else: exported from its record, imported with nothing believed and nothing
run.

A bundle is a zstd-compressed tar whose bytes follow from the run alone: no time of the export, no owner, no path of
this machine but those in the record itself. ``manifest.json`` is its first member and has every other one with its
size and digests, in the order in which they come; ``provenance.intoto.jsonl``, the second, has the manifest's digest,
and may be signed. So whoever imports a bundle knows from its first bytes who made it and how large it is, and what
follows can only be what the manifest says.

``tar``, ``compression``: the bytes. ``manifest``: what is inside, and the rules for it. ``writing``, ``reading``: the
stream. ``contents``, ``packages``, ``inputs``: what of a run goes in. ``settling``, ``placing``: where it goes when it
comes. ``crate``, ``statement``, ``signature``: what others read. ``exporting``, ``importing``: the two verbs.
"""
