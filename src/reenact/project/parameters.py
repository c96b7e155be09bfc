"""What the user gave, held against what the author declared.

A value that the user gave and that does not fit its declaration is refused before anything exists, unless ``lenient``.
A default is taken as it is: lints.py tells its author where it does not fit. A missing required value is refused. A
name that is not declared is put into the command where the command has a placeholder for it, and is otherwise added as
``--name value``, unless ``strict``. Values are kept as they were given. The value of a ``secret`` parameter is in no
message and no record: the command refers to a variable, and the value travels in that variable of the child.
"""

from collections.abc import Iterable, Mapping, Sequence

from reenact.errors import ParameterError, UsageError
from reenact.hints import TYPE_CHECKING, Literal
from reenact.plan import RUN_DIR_VARIABLE, BoundParameter, Download, PathValue
from reenact.project.diagnostics import Diagnostic
from reenact.project.paths import Places, find_local, is_remote, make_download, make_download_word
from reenact.project.quoting import Word
from reenact.project.template import MAX_ARGUMENT, read_template
from reenact.project.types import EntryPoint, Parameter
from reenact.project.value_types import find_misfit, find_scheme
from reenact.values import NamedTuple

if TYPE_CHECKING:
    from reenact.scrub import Scrubber

SECRET_PREFIX = "REENACT_SECRET_"  # noqa: S105


class Options(NamedTuple):
    """How strict to be: ``strict`` refuses unknown names and paths that do not exist, ``lenient`` lets misfits pass."""

    strict: bool = False
    lenient: bool = False


class Bound(NamedTuple):
    """Every parameter with its value, and what the command, the child and the user are given for it.

    ``words`` and ``extras`` go to :func:`reenact.project.template.render_command`; None is a parameter that is absent.
    ``secrets`` are variables of the child, which no file may hold. ``diagnostics`` are warnings.
    """

    parameters: tuple[BoundParameter, ...]
    words: Mapping[str, Word | None]
    extras: tuple[tuple[str, Word], ...]
    downloads: tuple[Download, ...]
    secrets: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]

    def __repr__(self) -> str:
        """Without the values of secrets."""
        return f"Bound({', '.join(f'{p.name}={p.value!r}' for p in self.parameters)})"


def list_paths(bound: Bound) -> tuple[str, ...]:
    """The absolute paths of this machine that the command is given; neither secret ones nor those in the run folder."""
    words = (bound.words[p.name] for p in bound.parameters if p.type == "path" and p.origin != "extra")
    return tuple(dict.fromkeys(word.text for word in words if word and not word.variable and word.text.startswith("/")))


def list_path_values(bound: Bound) -> tuple[PathValue, ...]:
    """Where the ``path`` parameters lead to, without the secret ones."""
    found = []
    for parameter in bound.parameters:
        word = bound.words.get(parameter.name) if parameter.type == "path" and not parameter.secret else None
        if word is not None and word.variable in (None, RUN_DIR_VARIABLE) and word.text:
            lead = "" if word.variable is None else f"${word.variable}"
            found.append(PathValue(parameter.name, lead + word.text))
    return tuple(found)


def parse_assignments(items: Iterable[str]) -> dict[str, str]:
    """``name=value`` items by name, split at the first ``=``, nothing trimmed.

    Raises:
        UsageError: an item has no ``=`` or no name, or a name comes twice.
    """
    given: dict[str, str] = {}
    for item in items:
        name, value = parse_assignment(item)
        if name in given:
            raise UsageError(f"Repeated parameter: '{name}'", hint="give each parameter once")
        given[name] = value
    return given


def parse_assignment(item: str) -> tuple[str, str]:
    """One ``name=value``.

    Raises:
        UsageError: it has another form.
    """
    name, equals, value = item.partition("=")
    if not equals:
        raise UsageError(
            f"Invalid format for -P parameter: '{item}'", hint=f"use -P name=value: -P {item or 'name'}=VALUE"
        )
    if not name:
        raise UsageError("Invalid format for -P parameter: there is no name before '='", hint="use -P name=value")
    return name, value


def parse_params_file(text: str, file: str) -> dict[str, object]:
    """Values by name from the text of a YAML or JSON file; ``null`` leaves a parameter to its default.

    A list of plain values is given as JSON, for parameters of type ``list[...]``.

    Raises:
        UsageError: not YAML, not a mapping, or a value is itself a mapping.
    """
    from yaml import MarkedYAMLError, YAMLError, safe_load

    try:
        content = safe_load(text)
    except MarkedYAMLError as problem:
        mark = problem.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise UsageError(f"{file}{place}: not YAML or JSON: {problem.problem}") from problem
    except (YAMLError, ValueError, RecursionError) as problem:
        raise UsageError(f"{file}: not YAML or JSON: {' '.join(str(problem).split())}") from problem
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UsageError(f"{file}: expected 'name: value' lines, found a {type(content).__name__}")
    return {str(name): _read_file_value(str(name), value, file) for name, value in content.items() if value is not None}


def bind(entry_point: EntryPoint, given: Mapping[str, object], options: Options, places: Places) -> Bound:
    """The parameters of one run. ``given`` are the user's values by name, in the order in which they were given.

    Raises:
        ParameterError: values are missing, do not fit, cannot be passed to any program, or, if ``strict``, are not
            declared; all problems are told together.
    """
    binding = _Binding(entry_point, {str(name): str(value) for name, value in given.items()}, options, places)
    return binding.bind()


class _Binding:
    """One call of :func:`bind` while it is being worked out."""

    def __init__(self, entry_point: EntryPoint, given: dict[str, str], options: Options, places: Places) -> None:
        self.entry_point = entry_point
        self.given = given
        self.options = options
        self.places = places
        self.problems: list[tuple[str, str | None]] = []
        self.diagnostics: list[Diagnostic] = []
        self.downloads: list[Download] = []
        self.secrets: dict[str, str] = {}
        self.folders: set[str] = set()
        self.scrubber = self._make_scrubber()

    def _make_scrubber(self) -> "Scrubber | None":
        """What finds the values of the secret parameters; None where there are none."""
        secret = [parameter for parameter in self.entry_point.parameters if parameter.secret]
        if not secret:
            return None
        from reenact.scrub import SHORTEST, Scrubber

        values = {parameter.name: self.given.get(parameter.name, parameter.default) for parameter in secret}
        for name in (name for name, value in values.items() if value and len(value) < SHORTEST):
            message = f"a value of fewer than {SHORTEST} characters ('{name}') cannot be taken out of the log"
            self.diagnostics.append(Diagnostic("warning", "short-secret", message))
        return Scrubber(value for value in values.values() if value)

    def bind(self) -> Bound:
        self._check_missing()
        declared = {parameter.name: parameter for parameter in self.entry_point.parameters}
        bound: list[BoundParameter] = []
        words: dict[str, Word | None] = {}
        for parameter in declared.values():
            value = self.given.get(parameter.name, parameter.default)
            if not parameter.secret and value is not None and self._holds_secret(parameter.name, value):
                parameter = parameter._replace(secret=True)
            origin: Literal["given", "default"] = "given" if parameter.name in self.given else "default"
            words[parameter.name] = None if value is None else self._make_word(parameter, value, origin)
            recorded = None if parameter.secret or value is None else _without_credentials(parameter, value)
            bound.append(BoundParameter(parameter.name, recorded, origin, parameter.type, parameter.secret))
        extras = {name: value for name, value in self.given.items() if name not in declared}
        self._check_extras(extras, declared)
        extra_words: list[tuple[str, Word]] = []
        for name, value in extras.items():
            secret = self._holds_secret(name, value)
            extra_words.append((name, self._hide(name, value) if secret else Word(value)))
            bound.append(BoundParameter(name, None if secret else value, "extra", secret=secret))
        if self.problems:
            hints = dict.fromkeys(hint for _, hint in self.problems if hint)
            raise ParameterError("\n".join(message for message, _ in self.problems), hint="\n".join(hints) or None)
        return Bound(
            tuple(bound),
            words,
            tuple(extra_words),
            tuple(self.downloads),
            self.secrets,
            tuple(self.diagnostics),
        )

    def _holds_secret(self, name: str, value: str) -> bool:
        """Whether the value of a parameter that is none holds that of one that is; it is hidden then, too."""
        if self.scrubber is None or not self.scrubber.find(value.encode("utf-8", "surrogatepass")):
            return False
        message = f"the value of parameter '{name}' holds that of a secret one, and is taken for a secret itself"
        self.diagnostics.append(
            Diagnostic("warning", "secret-in-value", message, hint="declare it with 'secret: true'")
        )
        return True

    def _check_missing(self) -> None:
        missing = [
            p.name for p in self.entry_point.parameters if p.required and p.default is None and p.name not in self.given
        ]
        if missing:
            names = ", ".join(f"'{name}'" for name in missing)
            self.problems.append((f"No value given for missing parameters: {names}", self._hint_at_missing(missing)))

    def _hint_at_missing(self, missing: Sequence[str]) -> str:
        from reenact.project.nearest import find_nearest

        unknown = sorted(self.given.keys() - {p.name for p in self.entry_point.parameters})
        meant = [(name, find_nearest(name, missing)) for name in unknown]
        asked = [f"you gave '{name}': did you mean '{nearest}'?" for name, nearest in meant if nearest]
        return "; ".join(asked) or "give them: " + " ".join(f"-P {name}=VALUE" for name in missing)

    def _check_extras(self, extras: Mapping[str, str], declared: Mapping[str, Parameter]) -> None:
        command = self.entry_point.command
        used = read_template(command, frozenset((*extras, *declared))).names if extras else frozenset()
        for name, value in extras.items():
            self._check_passable(name, name)
            self._check_passable(name, value)
            if _has_password(value):
                self._warn_of_password(name)
            if name in used:
                continue
            from reenact.project.nearest import did_you_mean

            hint = did_you_mean(name, declared)
            if self.options.strict:
                known = ", ".join(f"'{n}'" for n in declared) or "no parameters"
                message = f"parameter '{name}' is not declared; {self.entry_point.name} has {known}"
                self.problems.append((message, hint or f"leave out --strict to add it as --{name}"))
            elif hint:
                message = f"parameter '{name}' is not declared; it is added to the command as --{name}"
                self.diagnostics.append(Diagnostic("warning", "unknown-parameter", message, hint=hint))

    def _make_word(self, parameter: Parameter, value: str, origin: str) -> Word:
        """What the command is given for a value, once the value has been looked at."""
        if not self._check_passable(parameter.name, value):
            return Word()
        fits = origin == "default" or self._check_fit(parameter, value)
        if _has_password(value) and not parameter.secret and not (parameter.type == "path" and is_remote(value)):
            self._warn_of_password(parameter.name)
        if parameter.type != "path" or not fits or not value:
            return self._hide(parameter.name, value) if parameter.secret else Word(value)
        if is_remote(value):
            return self._make_download_word(parameter, value)
        local = find_local(parameter.name, value, self.places, is_default=origin == "default")
        if not local.exists:
            self._tell_missing(parameter, local.path)
        if parameter.secret:
            return self._hide(parameter.name, local.path)
        return local.word

    def _check_fit(self, parameter: Parameter, value: str) -> bool:
        expected = find_misfit(parameter, value)
        if expected is None:
            return True
        found = "something else" if parameter.secret else repr(_shorten(value))
        message = f"parameter '{parameter.name}' does not fit: expected {expected}, but got {found}"
        if parameter.type == "uri":
            message = f"Expected URI for parameter '{parameter.name}' but got {found}"
        if self.options.lenient:
            self._warn("value-does-not-fit", message, parameter)
        else:
            self.problems.append((message, "--lenient lets it pass with a warning"))
        return False

    def _check_passable(self, name: str, value: str) -> bool:
        reason = _find_unpassable(value)
        if reason is not None:
            self.problems.append((f"the value of parameter '{_shorten(name)}' has {reason}", None))
        return reason is None

    def _tell_missing(self, parameter: Parameter, path: str) -> None:
        where = "its secret place" if parameter.secret else path
        message = f"parameter '{parameter.name}': no such file or directory: {where}"
        if self.options.strict:
            self.problems.append((message, "without --strict it may be an output"))
        else:
            self._warn("path-not-there", message, parameter, "that is right where the command makes it")

    def _make_download_word(self, parameter: Parameter, value: str) -> Word:
        try:
            download = make_download(parameter.name, value, self.folders, secret=parameter.secret)
        except ParameterError as problem:
            self.problems.append((problem.message, problem.hint))
            return Word()
        if parameter.secret or _without_credentials(parameter, value) != value:
            # The plan keeps the variable's name; whoever fetches finds the address in it.
            download = download._replace(uri=f"${self._hide(parameter.name, value).variable}")
        self.downloads.append(download)
        return make_download_word(download)

    def _hide(self, parameter: str, value: str) -> Word:
        name = "".join(char if char.isascii() and char.isalnum() else "_" for char in parameter).upper()
        variable, number = SECRET_PREFIX + name, 2
        while variable in self.secrets:
            variable, number = f"{SECRET_PREFIX}{name}_{number}", number + 1
        self.secrets[variable] = value
        return Word("", variable)

    def _warn_of_password(self, name: str) -> None:
        message = (
            f"the value of parameter '{name}' has a password in it, which will be in the record and the process list"
        )
        hint = "declare the parameter with 'secret: true'"
        self.diagnostics.append(Diagnostic("warning", "password-in-value", message, hint=hint))

    def _warn(self, code: str, message: str, parameter: Parameter, hint: str | None = None) -> None:
        self.diagnostics.append(Diagnostic("warning", code, message, parameter.position, hint=hint))


def _find_unpassable(text: str) -> str | None:
    """Why no program can be given ``text`` as an argument, or None."""
    if "\0" in text:
        return "a NUL character, which no program can be given"
    try:
        size = len(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return "half of a surrogate pair, which has no bytes"
    if size > MAX_ARGUMENT:
        return f"{size:,} bytes; a program takes at most {MAX_ARGUMENT:,} in one argument (E2BIG)"
    return None


def _read_file_value(name: str, value: object, file: str) -> object:
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        from json import dumps

        return dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, dict | list | set | tuple):
        message = f"{file}: the value of '{name}' is nested; a parameter is one plain value or a list of them"
        raise UsageError(message, hint="flatten it, or give the parameter a file's path")
    return value


def _without_credentials(parameter: Parameter, value: str) -> str:
    """The address without ``user:password@``, for a ``path`` that is fetched; any other value as it is."""
    if parameter.type != "path" or not is_remote(value):
        return value
    scheme, slashes, rest = value.partition("://")
    authority, slash, path = rest.partition("/")
    return scheme + slashes + authority.rpartition("@")[2] + slash + path if slashes else value


def _has_password(value: str) -> bool:
    """Whether a value looks like ``scheme://user:password@host``."""
    scheme, slashes, rest = value.partition("://")
    user, at, _ = rest.partition("/")[0].rpartition("@")
    return bool(slashes and at and user.partition(":")[2] and find_scheme(scheme + ":"))


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else text[:60] + "..." + text[-15:]
