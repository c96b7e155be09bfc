"""Which files and addresses a program reads and writes, as far as it writes their names out. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from reenact.doctor.literals import Literal, find_path
from reenact.doctor.modules import Call, Module, find_constant, list_names
from reenact.values import NamedTuple

READERS = {
    "numpy.load": "file",
    "numpy.loadtxt": "fname",
    "numpy.genfromtxt": "fname",
    "numpy.fromfile": "file",
    "joblib.load": "filename",
    "torch.load": "f",
    "xarray.open_dataset": "filename_or_obj",
    "PIL.Image.open": "fp",
    "cv2.imread": "filename",
    "skimage.io.imread": "fname",
    "imageio.imread": "uri",
    "librosa.load": "path",
    "soundfile.read": "file",
    "scipy.io.loadmat": "file_name",
    "tensorflow.keras.models.load_model": "filepath",
    "keras.models.load_model": "filepath",
    "omegaconf.OmegaConf.load": "file_",
    "pyarrow.parquet.read_table": "source",
    "geopandas.read_file": "filename",
    "nibabel.load": "filename",
}
"""Calls that read the file in their first argument, with that argument's name."""

WRITERS = {
    "numpy.save": 0,
    "numpy.savez": 0,
    "numpy.savez_compressed": 0,
    "numpy.savetxt": 0,
    "joblib.dump": 1,
    "torch.save": 1,
    "os.makedirs": 0,
    "os.mkdir": 0,
    "shutil.copy": 1,
    "shutil.copy2": 1,
    "shutil.copyfile": 1,
    "shutil.copytree": 1,
    "shutil.move": 1,
    "os.rename": 1,
    "os.replace": 1,
    "urllib.request.urlretrieve": 1,
    "cv2.imwrite": 0,
    "gdown.download": 1,
    "wget.download": 1,
    "sqlite3.connect": 0,
}
"""Calls that make the file or folder in the argument at that place."""

LOOPBACK = r"https?://(localhost|127\.|0\.0\.0\.0|\[::1\])"
"""Addresses of the machine itself."""

_OPENERS = ("open", "io.open", "gzip.open", "bz2.open", "codecs.open", "builtins.open")
_STORES = ("h5py.File", "netCDF4.Dataset")
_PANDAS_WORDS = ("filepath_or_buffer", "path", "io", "source")
_PANDAS = ("pandas.read_", "polars.read_", "polars.scan_", "dask.dataframe.read_", "geopandas.read_", "cudf.read_")
_NO_FILE = ("pandas.read_sql", "pandas.read_clipboard", "pandas.read_gbq", "polars.read_database")
_WRITING_METHODS = list_names(
    """
    to_csv to_parquet to_json to_excel to_pickle to_feather to_hdf write_csv write_parquet write_json
    save save_model savefig dump save_pretrained extractall write_text write_bytes mkdir touch to_netcdf
    save_weights write_html write_image download_file export
    """
)
_READING_METHODS = frozenset(("read_text", "read_bytes"))
_LOOKS = ("os.path.exists", "os.path.isfile", "os.path.isdir", "os.listdir", "os.stat", "os.path.getsize")
_LOOKING_METHODS = frozenset(("exists", "is_file", "is_dir"))


class Access(NamedTuple):
    """A file or address that a call names."""

    call: Call
    path: Literal


def find_reads(module: Module) -> Iterator[Access]:
    """The calls of a module that read from a place that is written out."""
    for call in module.calls:
        node = _find_read(call)
        path = find_path(node, module)
        if path is not None and path.text and "\n" not in path.text and "\0" not in path.text:
            yield Access(call, path)


def find_defaults(module: Module) -> Iterator[Access]:
    """The texts that a parser of arguments has as defaults: ``add_argument("--data", default="data.csv")``."""
    for call in module.calls:
        if call.method == "add_argument" or call.name in ("click.option", "click.argument"):
            path = find_path(call.find("default"), module)
            if path is not None and path.text and "\0" not in path.text:
                yield Access(call, path)


def find_writes(module: Module) -> Iterator[Access]:
    """The calls that make or fill a place that is written out; what a module looks for first may be missing too."""
    for call in module.calls:
        for node in _find_written(call):
            path = find_path(node, module)
            if path is not None and path.text:
                yield Access(call, path)


def is_address(text: str) -> bool:
    """Whether it names a place behind a network, and no file."""
    return "://" in text and not text.startswith("file:")


def _find_read(call: Call) -> ast.expr | None:
    if call.name in _OPENERS:
        return call.find("file", 0) if _mode(call, 1) == "r" else None
    if call.name in READERS:
        return call.find(READERS[call.name], 0)
    if call.name.startswith(_PANDAS) and not call.name.startswith(_NO_FILE):
        named = (call.find(word) for word in _PANDAS_WORDS)
        return next((each for each in named if each is not None), call.find("", 0))
    if call.name in _STORES:
        return call.find("name", 0) if _mode(call, 1) == "r" else None
    if not isinstance(call.node.func, ast.Attribute):
        return None
    reads = call.method in _READING_METHODS or (call.method == "open" and _mode(call, 0) == "r")
    return call.node.func.value if reads else None


def _find_written(call: Call) -> Iterator[ast.expr]:
    if call.name in _OPENERS or call.name in _STORES:
        yield from call.node.args[:1] if _mode(call, 1) != "r" else ()
        return
    if call.name in WRITERS:
        yield from call.node.args[WRITERS[call.name] : WRITERS[call.name] + 1]
    elif call.name in _LOOKS:
        yield from call.node.args[:1]
    elif call.method in _WRITING_METHODS:
        yield from call.arguments
    if isinstance(call.node.func, ast.Attribute):
        makes = call.method in _WRITING_METHODS or call.method in _LOOKING_METHODS
        if makes or (call.method == "open" and _mode(call, 0) != "r"):
            yield call.node.func.value


def _mode(call: Call, place: int) -> str:
    """``r`` where a file is only read; what cannot be told counts as written."""
    mode = call.find("mode", place)
    if mode is None:
        return "r"
    said = find_constant(mode)
    return "r" if isinstance(said, str) and "r" in said and "+" not in said else "w"
