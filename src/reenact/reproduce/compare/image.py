"""Images (PNG, JPEG): pixel by pixel, after they are decoded; what else is in such a file does not count.

The numbers of a tolerance are levels of a channel: 0 to 255 in most images.
"""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path

from reenact.hints import TYPE_CHECKING, Any
from reenact.project.types import Tolerance
from reenact.reproduce.compare.elements import MISSING, Measured, count_measured, import_numpy, measure
from reenact.reproduce.compare.judgement import Judgement, Tally, Unequipped, Unreadable, render_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_PIXELS = 40_000_000
_CHUNK = 1 << 18


def judge(old: Path, new: Path, tolerance: Tolerance, depth: int) -> Judgement:
    """Compare two images."""
    tally = Tally(tolerance)
    ours, theirs = _read(old), _read(new)
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return Judgement("different", f"{_describe(ours)} → {_describe(theirs)}", fixed=("",))
    height, width = ours.shape[:2]
    before, after = ours.reshape(height * width, -1), theirs.reshape(height * width, -1)
    for start in range(0, len(before), _CHUNK):
        found = _measure_pixels(before[start : start + _CHUNK], after[start : start + _CHUNK], tolerance)
        if count_measured("", found, tally):
            y, x = divmod(at := start + int(found.at[~found.matches][0]), width)
            tally.first = f"pixel ({x}, {y}): {tuple(before[at].tolist())} → {tuple(after[at].tolist())}"
    if tally.beyond:
        tally.first += f"; {(tally.beyond + tally.within) / len(before):.2%} of the pixels differ"
    return tally.judge("pixels", "every pixel is the same", len(before))


def _measure_pixels(old: NDArray[Any], new: NDArray[Any], tolerance: Tolerance) -> Measured:
    """Where pixels differ: one matches if each of its channels does."""
    np = import_numpy()
    found = measure(old.reshape(-1), new.reshape(-1), tolerance)
    channels = old.shape[1]
    at = np.unique(found.at // channels)
    return Measured(at, ~np.isin(at, found.at[~found.matches] // channels), found.spread)


def _read(path: Path) -> NDArray[Any]:
    np = import_numpy()
    try:
        from PIL import Image
    except ImportError as problem:
        raise Unequipped(MISSING) from problem
    try:
        with warnings.catch_warnings(), Image.open(path, formats=("PNG", "JPEG")) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise Unreadable(f"an image of more than {render_count(_MOST_PIXELS)} pixels")
            if getattr(image, "n_frames", 1) > 1:
                raise Unreadable("an image of several frames")
            return np.asarray(image.convert("RGBA") if image.mode in ("P", "PA") else image)  # type: ignore[no-any-return]
    except (OSError, ValueError, SyntaxError, zlib.error, Image.DecompressionBombError, Warning) as problem:
        raise Unreadable(f"no image: {problem}") from problem


def _describe(image: NDArray[Any]) -> str:
    height, width, *channels = image.shape
    return f"{width} x {height} pixels of {channels[0] if channels else 1} channels of {image.dtype}"
