"""Conda packages whose PyPI project has another name, those with nothing to install, and those that PyPI does not have.

A conda package that is in none of the tables is looked for on PyPI under its own name.
"""

from __future__ import annotations

import re

PYPI_NAMES = {
    "arviz-base": "arviz",
    "brotli-python": "brotli",
    "dask-core": "dask",
    "faiss": "faiss-cpu",
    "gym-all": "gym[all]",
    "h2o-py": "h2o",
    "jupyter_core": "jupyter-core",
    "keras-gpu": "keras",
    "lightning-bolts": "lightning-bolts",
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "mysqlclient-python": "mysqlclient",
    "opencv": "opencv-python",
    "py-lief": "lief",
    "py-lz4": "lz4",
    "py-opencv": "opencv-python",
    "libopencv": "opencv-python",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "py-xgboost-gpu": "xgboost",
    "_py-xgboost-mutex": "xgboost",
    "pyg": "torch-geometric",
    "pyqt": "PyQt5",
    "pysoundfile": "soundfile",
    "pytables": "tables",
    "python-blosc": "blosc",
    "python-flatbuffers": "flatbuffers",
    "python-graphviz": "graphviz",
    "python-lmdb": "lmdb",
    "python-snappy": "python-snappy",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "pytorch_geometric": "torch-geometric",
    "pytorch-model-summary": "pytorch-model-summary",
    "psycopg2": "psycopg2-binary",
    "redis-py": "redis",
    "ruamel_yaml": "ruamel.yaml",
    "seaborn-base": "seaborn",
    "spacy-base": "spacy",
    "ta-lib": "TA-Lib",
    "tensorflow-base": "tensorflow",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-mkl": "tensorflow",
    "tensorflow-eigen": "tensorflow",
    "tensorboard-base": "tensorboard",
    "torchvision-cpu": "torchvision",
    "uvicorn-standard": "uvicorn[standard]",
    "xgboost-gpu": "xgboost",
}
"""Names that differ."""

_GPU = "PyPI's packages bring the CUDA libraries that they use"
_NUMERIC = "PyPI's NumPy and SciPy bring their own linear algebra"
_INTERPRETER = "the interpreter brings it"
_SYSTEM = "the system's own is used"

NOT_NEEDED = {
    **dict.fromkeys(("cudatoolkit", "cuda-toolkit", "cudnn", "nccl", "pytorch-cuda", "pytorch-mutex"), _GPU),
    **dict.fromkeys(("cuda-version", "cuda-runtime", "cuda-libraries", "cuda-cudart", "cuda-nvtx"), _GPU),
    "cpuonly": "PyPI's torch runs on CPUs too",
    **dict.fromkeys(("blas", "nomkl", "openblas", "libblas", "libcblas", "liblapack", "libopenblas"), _NUMERIC),
    **dict.fromkeys(("mkl", "mkl-service", "mkl_fft", "mkl_random", "intel-openmp", "tbb"), _NUMERIC),
    **dict.fromkeys(("openssl", "sqlite", "readline", "tk", "xz", "zlib", "ncurses", "libffi", "bzip2"), _INTERPRETER),
    **dict.fromkeys(("libsqlite", "libzlib", "libuuid", "libnsl", "libexpat", "liblzma", "expat"), _INTERPRETER),
    **dict.fromkeys(("libxcrypt", "libmpdec", "libedit", "tzcode", "python_abi", "_python_abi3_support"), _INTERPRETER),
    **dict.fromkeys(("_libgcc_mutex", "_openmp_mutex", "libgcc", "libgcc-ng", "libgomp", "libstdcxx"), _SYSTEM),
    **dict.fromkeys(("libstdcxx-ng", "libgfortran", "libgfortran-ng", "libgfortran5", "libgfortran4"), _SYSTEM),
    **dict.fromkeys(("ld_impl_linux-64", "ld_impl_linux-aarch64", "ca-certificates", "libcxx", "llvm-openmp"), _SYSTEM),
    **dict.fromkeys(("vc", "vs2015_runtime", "vc14_runtime", "ucrt", "_x86_64-microarch-level"), _SYSTEM),
}
"""Packages that are already there or that PyPI's packages hold inside; with the reason."""

_PROGRAM = "a program, not a Python package"
_COMPILER = "a compiler, not a Python package"
_LIBRARY = "a native library, not a Python package"
_LANGUAGE = "another language, not a Python package"

ONLY_CONDA = {
    **dict.fromkeys(("gcc", "gxx", "gfortran", "clang", "clangxx", "llvm", "compilers", "c-compiler"), _COMPILER),
    **dict.fromkeys(
        ("cxx-compiler", "fortran-compiler", "cuda-nvcc", "nvcc", "cudatoolkit-dev", "binutils"), _COMPILER
    ),
    **dict.fromkeys(("rust", "go", "julia", "octave", "perl", "ruby", "ghc", "lua", "luajit"), _LANGUAGE),
    **dict.fromkeys(("openjdk", "java-jdk", "nodejs", "scala", "dotnet", "maven", "sbt"), _PROGRAM),
    **dict.fromkeys(("ffmpeg", "sox", "imagemagick", "ghostscript", "poppler", "tesseract", "pandoc"), _PROGRAM),
    **dict.fromkeys(
        ("git", "git-lfs", "make", "curl", "wget", "unzip", "p7zip", "pigz", "parallel", "rsync"), _PROGRAM
    ),
    **dict.fromkeys(("graphviz", "texlive-core", "tectonic", "postgresql", "mysql", "redis", "redis-server"), _PROGRAM),
    **dict.fromkeys(
        ("mongodb", "firefox", "geckodriver", "samtools", "bcftools", "bedtools", "bwa", "fastqc"), _PROGRAM
    ),
    **dict.fromkeys(("blast", "openmpi", "mpich", "mpi", "conda", "mamba", "anaconda", "conda-build"), _PROGRAM),
    **dict.fromkeys(("hdf5", "gdal", "geos", "proj", "proj4", "boost", "boost-cpp", "eigen", "fftw", "gsl"), _LIBRARY),
    **dict.fromkeys(("icu", "glib", "gtk2", "gtk3", "qt", "qt-main", "cairo", "pango", "freetype", "jpeg"), _LIBRARY),
    **dict.fromkeys(("openjpeg", "lcms2", "harfbuzz", "fontconfig", "snappy", "lz4-c", "zstd", "arrow-cpp"), _LIBRARY),
    **dict.fromkeys(("grpc-cpp", "abseil-cpp", "protobuf-cpp", "unixodbc", "krb5", "zeromq", "yaml", "pcre"), _LIBRARY),
    **dict.fromkeys(("glew", "mesalib", "gmp", "mpfr", "mpc", "giflib", "dbus", "rdma-core", "suitesparse"), _LIBRARY),
    "nltk_data": "data; the program can fetch it: python -m nltk.downloader",
    "spark": "no package that conda has; Spark for Python is 'pyspark'",
}
"""Packages that PyPI does not have, or has under this name as something else; with the reason."""

_PATTERNS = (
    (re.compile(r"(gcc|gxx|gfortran|binutils|clang|clangxx|sysroot|kernel-headers)_.+"), _COMPILER),
    (re.compile(r"r-.+"), "an R package"),
    (re.compile(r"(perl|ruby|bioconductor|julia)-.+"), _LANGUAGE),
    (re.compile(r"(xorg|gst|aws-c|gtk|qt6?|cuda|font)-.+|fonts-.+"), _LIBRARY),
    (re.compile(r"spacy-model-.+"), "a model; the program can fetch it: python -m spacy download"),
    (re.compile(r"lib.+"), _LIBRARY),
    (re.compile(r"_.+"), "a package of conda's own"),
)

_PYTHON_LIBS = frozenset(("libclang", "libcst", "libsass", "librosa", "libtmux", "libusb1", "libarchive-c"))


def find_refusal(name: str) -> str | None:
    """Why PyPI cannot stand in for this conda package, None if it may."""
    if name in PYPI_NAMES or name in NOT_NEEDED or name in _PYTHON_LIBS:
        return None
    if reason := ONLY_CONDA.get(name):
        return reason
    return next((reason for pattern, reason in _PATTERNS if pattern.fullmatch(name)), None)
