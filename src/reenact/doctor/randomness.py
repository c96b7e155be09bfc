"""Does a program draw at random without saying from where?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from reenact.doctor import seeds
from reenact.doctor.findings import Concern, Finding
from reenact.doctor.modules import Call, Module, find_constant, is_given, list_names
from reenact.doctor.programs import Program
from reenact.doctor.subject import Subject
from reenact.world import World

NO_SEED = Concern(
    "no-seed",
    "warning",
    "two runs of the same code with the same data come out different, and no comparison says why",
    "give a seed where it is missing, best from a parameter, so that the record has it",
)
TIME_SEED = Concern(
    "time-seed",
    "warning",
    "the seed is another one in every run, and no record has it",
    "make the seed a parameter with a default",
)
HASH_ORDER = Concern(
    "hash-order",
    "note",
    "a set of texts is in another order in every process, and so is what is numbered or listed from it",
    "put sorted() around it; `--deterministic` sets PYTHONHASHSEED",
)
CONCERNS = (NO_SEED, TIME_SEED, HASH_ORDER)

_SEED_WORDS = ("random_state", "seed", "random_seed")
_ORDERING = frozenset(("list", "tuple", "enumerate", "iter"))
_CALMING = list_names(
    """
    sorted len sum min max any all set frozenset Counter isdisjoint
    """
)


def find(subject: Subject, world: World) -> Iterator[Finding]:
    """Randomness without a seed, seeds from the clock, and orders that hash values decide."""
    hashes_set = any(
        any("PYTHONHASHSEED" in word for word in command.words)
        for _, _, commands in subject.started.commands
        for command in commands
    ) or any("PYTHONHASHSEED" in each.command for each in subject.entry_points)
    for program in subject.started.programs:
        yield from _find_in_program(program)
    for module in subject.modules:
        for call in module.calls:
            yield from _find_clock(call)
        if not hashes_set:
            yield from _find_orders(module)


def _find_in_program(program: Program) -> Iterator[Finding]:
    calls = [call for module in program.modules for call in module.calls]
    own = {node.name for module in program.modules for node in module.parents if isinstance(node, ast.FunctionDef)}
    seeded = {library for call in calls for library in _find_seeded(call, own)}
    trains = any(call.name.startswith("torch.optim.") or call.method == "backward" for call in calls)
    fits = any(call.method in ("fit", "train_on_batch", "GradientTape", "apply_gradients") for call in calls)
    told: set[str] = set()
    for call in calls:
        library, what = _find_global(call, trains=trains, fits=fits) or ("", "")
        if library and library not in seeded | told:
            told.add(library)
            yield NO_SEED.found(f"{what}, and nothing seeds {library}", call.position, program.entry_point)
        if drawn := _find_own(call, numpy_is_seeded="numpy" in seeded):
            yield NO_SEED.found(drawn, call.position, program.entry_point)


def _find_seeded(call: Call, own: set[str]) -> tuple[str, ...]:
    """What a call makes repeatable. A function of the project seeds what the calls in it seed, which are seen too."""
    last = call.name.rpartition(".")[2] or call.method
    if call.name in seeds.SEEDING:
        return seeds.SEEDING[call.name] if call.arguments or last != "seed" else ()
    return seeds.SEEDING_ENDS.get(last, ()) if last not in own else ()


def _find_global(call: Call, *, trains: bool, fits: bool) -> tuple[str, str] | None:
    """The library whose global state a call draws from, and what it does."""
    package, _, last = call.name.rpartition(".")
    what = f"{call.name}()"
    if package == "random" and last in seeds.RANDOM:
        return None if _is_name(call) else ("random", what)
    if package == "numpy.random" and last in seeds.NUMPY:
        return "numpy", what
    if package in ("tensorflow.random", "tf.random") and last in seeds.TENSORFLOW and not is_given(call.find("seed")):
        return "tensorflow", what
    if package.endswith("keras.layers") and last in seeds.LAYERS and fits:
        return "tensorflow", f"keras.layers.{last} begins with random weights"
    return None if is_given(call.find("generator")) else _find_torch(call, package, last, trains=trains)


def _is_name(call: Call) -> bool:
    """Whether letters are drawn, to make a name of them."""
    around = (node for node in call.module.around(call.node) if isinstance(node, ast.Call))
    return any(isinstance(node.func, ast.Attribute) and node.func.attr == "join" for node in around)


def _find_torch(call: Call, package: str, last: str, *, trains: bool) -> tuple[str, str] | None:
    if package == "torch" and last in seeds.TORCH:
        return "torch", f"{call.name}()"
    if package == "torch.nn" and last in seeds.LAYERS and trains:
        return "torch", f"torch.nn.{last} begins with random weights"
    shuffles = last == "DataLoader" and find_constant(call.find("shuffle", 2)) is True
    if package == "torch.utils.data" and (shuffles or last == "random_split"):
        return "torch", f"{last} draws an order"
    return None


def _find_own(call: Call, *, numpy_is_seeded: bool) -> str | None:
    """What a call draws by itself where an argument of its own is not given."""
    if call.is_open:
        return None
    last = call.name.rpartition(".")[2]
    if call.name in seeds.GENERATORS:
        return None if any(map(is_given, call.arguments)) else f"{last}() without a seed"
    if call.name in seeds.OTHERS:
        word = seeds.OTHERS[call.name]
        return None if is_given(call.find(word)) or numpy_is_seeded else f"{last} without {word}"
    if is_given(call.find("random_state")) or numpy_is_seeded:
        return None
    if call.name.startswith("sklearn."):
        draws = _is_stochastic(call, last) and not _is_inside_ensemble(call)
        return f"{last} without random_state" if draws else None
    is_frame = call.method == "sample" and not call.name.startswith(("random.", "numpy.")) and call.find("frac")
    return "sample(frac=…) without random_state" if is_frame and call.name != "random.sample" else None


def _is_stochastic(call: Call, name: str) -> bool:
    if name == "train_test_split":
        return find_constant(call.find("shuffle")) is not False
    if name in seeds.ONLY_WITH:
        word, values = seeds.ONLY_WITH[name]
        return find_constant(call.find(word)) in values
    return name in seeds.ESTIMATORS


def _is_inside_ensemble(call: Call) -> bool:
    """Whether an ensemble gets the estimator, and gives it a state of its own."""
    around = (node for node in call.module.around(call.node) if isinstance(node, ast.Call))
    return any(call.module.find_name(node.func).rpartition(".")[2] in seeds.ENSEMBLES for node in around)


def _find_clock(call: Call) -> Iterator[Finding]:
    last = call.name.rpartition(".")[2]
    is_seeding = call.name in seeds.SEEDING or last in seeds.SEEDING_ENDS or call.name in seeds.GENERATORS
    given = [word.value for word in call.node.keywords if word.arg in _SEED_WORDS]
    given += call.node.args[:1] if is_seeding else []
    for value in given:
        if clock := _find_called(value, call.module, seeds.CLOCKS):
            yield TIME_SEED.found(f"the seed comes from {clock}()", call.position)
            return
    if call.name in ("random.seed", "numpy.random.seed") and not any(map(is_given, [*call.node.args, *given])):
        yield TIME_SEED.found(f"{call.name}() without a value takes one from the system", call.position)


def _find_called(value: ast.expr, module: Module, names: tuple[str, ...]) -> str | None:
    if isinstance(value, ast.Name):
        value = module.constants.get(value.id, value)
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and (name := module.find_name(node.func)) in names:
            return name
    return None


def _find_orders(module: Module) -> Iterator[Finding]:
    """``list(set(x))``, ``enumerate(set(x))`` and loops over them, where nothing sorts what comes of it."""
    is_sorted = frozenset(_find_sorted(module))
    for call in module.calls:
        if call.name not in ("set", "frozenset") or not call.node.args:
            continue
        around = module.parents.get(call.node)
        if isinstance(around, ast.comprehension) and around.iter is call.node:
            shown, outer = "a comprehension over a set", module.parents.get(around)
            if isinstance(outer, ast.SetComp | ast.GeneratorExp):
                continue
        elif isinstance(around, ast.Call) and module.find_name(around.func) in _ORDERING:
            shown, outer = f"{module.find_name(around.func)}(set(…))", around
        else:
            continue
        if outer is not None and not _is_calmed(module.parents.get(outer), is_sorted, module):
            yield HASH_ORDER.found(shown, call.position)


def _is_calmed(around: ast.AST | None, is_sorted: frozenset[str], module: Module) -> bool:
    """Whether the order does not matter: it is sorted at once, or under its name later, or only counted."""
    if isinstance(around, ast.Call):
        name = module.find_name(around.func) or getattr(around.func, "attr", "")
        return name.rpartition(".")[2] in _CALMING
    if isinstance(around, ast.Assign):
        target = around.targets[0]
        return isinstance(target, ast.Name) and target.id in is_sorted
    return isinstance(around, ast.Compare)


def _find_sorted(module: Module) -> Iterator[str]:
    """The names of what is sorted anywhere: ``sorted(x)``, ``x.sort()``."""
    for call in module.calls:
        if call.name == "sorted":
            yield from (each.id for each in call.node.args if isinstance(each, ast.Name))
        elif call.method == "sort" and isinstance(call.node.func, ast.Attribute):
            value = call.node.func.value
            yield from (value.id,) if isinstance(value, ast.Name) else ()
