"""How objects of other libraries are saved that are no plain attributes: taken apart into values, and put together.

Each codec checks what it is given, because a file may say anything.
"""

import datetime
import enum
import functools
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from scipy import sparse

from skrnn.persistence.trust import name_of

_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
_LONGEST_RANGE = 2**20
_OF_KERAS = ("keras.optimizers", "keras.optimizers.schedules")
_SPARSE = ("csr", "csc", "coo")


@dataclass(frozen=True)
class Codec:
    """How values of one kind are saved.

    Attributes
    ----------
    take_apart : callable
        Returns a list of values that can be saved.
    put_together : callable
        Takes these values, and returns the object.
    """

    take_apart: Callable[[Any], list[Any]]
    put_together: Callable[..., Any]


def codec_name(value: Any) -> str | None:
    """Return the name of the codec for a value, or None if it has none."""
    for name, of_type in _BY_TYPE.items():
        if type(value) in of_type:
            return name
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return "named_tuple"
    if isinstance(value, np.generic):
        return "scalar"
    if isinstance(value, np.dtype):
        return "dtype"
    if isinstance(value, np.ndarray) and value.dtype == object and type(value) is np.ndarray:
        return "object_array"
    if isinstance(value, PurePath):
        return "path"
    if sparse.issparse(value):
        return "sparse"
    if isinstance(value, enum.Enum):
        return "enum"
    if isinstance(value, type) and value.__module__.startswith("keras.src.") and name_of(value)[0] in _OF_KERAS:
        return "keras_class"
    module = type(value).__module__
    if module == "optuna.distributions":
        return "distribution"
    if module == "optuna.trial._frozen":
        return "trial"
    if module.startswith("keras.src.") and name_of(type(value))[0] in _OF_KERAS:
        return "keras"
    if module == "skrnn.network.spec" and type(value).__name__ == "OptimizerSpec":
        return "optimizer"
    return None


# NumPy and SciPy


def _scalar(value: np.generic) -> list[Any]:
    if value.dtype.hasobject or value.dtype.names:
        raise TypeError(f"a NumPy scalar of type {value.dtype} cannot be saved")
    return [value.dtype.str, value.tobytes().hex()]


def _to_scalar(dtype: str, digits: str) -> Any:
    kind = np.dtype(dtype)
    if not kind.itemsize:
        return np.zeros((), kind)[()]
    return np.frombuffer(bytes.fromhex(digits), _plain_dtype(kind), count=1)[0]


def _plain_dtype(dtype: np.dtype) -> np.dtype:
    if dtype.hasobject:
        raise ValueError("objects in an array")
    return dtype


def _to_object_array(shape: list[int], items: list[Any]) -> np.ndarray:
    array = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        array[place] = item
    return array.reshape(shape)


def _to_list(array: np.ndarray) -> list[Any]:
    """Return the parts of an array, each with its own memory."""
    if not array.size:
        raise ValueError("an empty array of parts")
    return [part.copy() for part in array] if array.ndim > 1 else list(array)


def _masked(array: np.ma.MaskedArray) -> list[Any]:
    return [np.asarray(array.data), np.asarray(array.mask), np.asarray(array.fill_value), array.hardmask]


def _to_masked(data: np.ndarray, mask: Any, fill: Any, hard: bool) -> np.ma.MaskedArray:
    return np.ma.MaskedArray(data, mask if mask.shape else mask[()], fill_value=fill[()], hard_mask=hard)


def _sparse(matrix: Any) -> list[Any]:
    if matrix.format not in _SPARSE:
        raise TypeError(f"a sparse matrix in the format {matrix.format!r} cannot be saved: convert it with .tocsr()")
    places = [matrix.row, matrix.col] if matrix.format == "coo" else [matrix.indices, matrix.indptr]
    is_array = isinstance(matrix, sparse.sparray)
    return [matrix.format, is_array, [*matrix.shape], matrix.data, *places]


def _to_sparse(form: str, is_array: bool, shape: list[int], data: Any, first: Any, second: Any) -> Any:
    if form not in _SPARSE or data.dtype.hasobject:
        raise ValueError(f"a sparse matrix in the format {form!r}")
    make = getattr(sparse, f"{form}_{'array' if is_array else 'matrix'}")
    matrix = make((data, (first, second)) if form == "coo" else (data, first, second), shape=tuple(shape))
    if form != "coo":
        matrix.check_format(full_check=True)  # SciPy trusts its indices, and would read beyond the arrays
    return matrix


def _to_random_state(state: dict[str, Any]) -> np.random.RandomState:
    random_state = np.random.RandomState(0)
    random_state.set_state(state)
    return random_state


def _generator(generator: np.random.Generator) -> list[Any]:
    bits = generator.bit_generator
    if type(bits).__name__ not in _GENERATORS:
        raise TypeError(f"a random generator on {type(bits).__name__} cannot be saved")
    seeds = bits.seed_seq.state if isinstance(bits.seed_seq, np.random.SeedSequence) else None
    return [type(bits).__name__, bits.state, seeds]


def _to_generator(name: str, state: dict[str, Any], seeds: dict[str, Any] | None) -> np.random.Generator:
    if name not in _GENERATORS or (seeds is not None and not 4 <= seeds["pool_size"] <= 64):
        raise ValueError("an unknown random generator")
    bits = getattr(np.random, name)(0 if seeds is None else np.random.SeedSequence(**seeds))
    bits.state = state
    return np.random.Generator(bits)


# Python


def _texts(texts: list[str]) -> list[Any]:
    return ["".join(texts).encode("utf-8", "surrogatepass"), np.fromiter(map(len, texts), np.int64)]


def _to_texts(encoded: bytes, lengths: np.ndarray) -> list[str]:
    text = encoded.decode("utf-8", "surrogatepass")
    ends = np.cumsum(lengths)
    if len(lengths) and (lengths.min() < 0 or ends[-1] != len(text)):
        raise ValueError("texts of other lengths than their sum")
    return [text[end - length : end] for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)]


def _in_order(items: Iterable[Any]) -> list[Any]:
    """Return a list of a set, so that equal sets give equal files."""
    try:
        return sorted(items)
    except TypeError:
        return list(items)


def _to_named_tuple(kind: type, items: list[Any]) -> Any:
    if not (isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")):
        raise TypeError(f"{kind} is no named tuple")
    return kind(*items)


def _enum(member: enum.Enum) -> list[Any]:
    return [type(member), member.name]


def _to_enum(kind: type[enum.Enum], name: str) -> enum.Enum:
    if not (isinstance(kind, type) and issubclass(kind, enum.Enum)):
        raise TypeError(f"{kind} is no enumeration")
    return kind[name]


def _range(numbers: range) -> list[Any]:
    if len(numbers) > _LONGEST_RANGE:
        raise TypeError(f"a range of more than {_LONGEST_RANGE:,} numbers")
    return [numbers.start, numbers.stop, numbers.step]


def _to_range(start: int, stop: int, step: int) -> range:
    """Return a range. A long one, where a file should have a list, would fill the memory when it becomes a tuple."""
    numbers = range(start, stop, step)
    if not all(abs(each) < 2**62 for each in (start, stop, step)) or len(numbers) > _LONGEST_RANGE:
        raise ValueError("a range of too many numbers")
    return numbers


def _to_partial(function: Any, positional: list[Any], named: dict[str, Any]) -> functools.partial:
    return functools.partial(function, *positional, **named)


def _to_datetime(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


# Optuna


def _distribution(distribution: Any) -> list[Any]:
    return [type(distribution).__name__, {name: value for name, value in vars(distribution).items() if name[0] != "_"}]


def _to_distribution(name: str, arguments: dict[str, Any]) -> Any:
    from optuna import distributions

    if name not in ("CategoricalDistribution", "FloatDistribution", "IntDistribution"):
        raise ValueError(f"an unknown distribution {name}")
    return getattr(distributions, name)(**arguments)


def _trial(trial: Any) -> list[Any]:
    from skrnn.model_selection._optuna import id_in_storage

    return [
        {
            "number": trial.number,
            "state": trial.state.name,
            "values": trial.values,
            "datetime_start": trial.datetime_start,
            "datetime_complete": trial.datetime_complete,
            "params": trial.params,
            "distributions": trial.distributions,
            "user_attrs": trial.user_attrs,
            "system_attrs": trial.system_attrs,
            "intermediate_values": trial.intermediate_values,
            "trial_id": id_in_storage(trial),
        }
    ]


def _to_trial(fields: dict[str, Any]) -> Any:
    from optuna.trial import FrozenTrial, TrialState

    state = TrialState[fields.pop("state")]
    return FrozenTrial(state=state, value=None, **fields)


# Keras


def _keras(value: Any) -> list[Any]:
    module, name = name_of(type(value))
    return [module, name, json.dumps(value.get_config(), default=_as_number, sort_keys=True)]


def _as_number(value: Any) -> Any:
    number = np.asarray(value)
    if number.dtype == object:
        raise TypeError(f"its configuration contains {value!r}, which cannot be saved")
    return number.tolist()


def _to_keras(module: str, name: str, config: str) -> Any:
    return _keras_class(module, name).from_config(_checked_config(config))


def _optimizer(spec: Any) -> list[Any]:
    if not spec.is_keras:
        raise TypeError(
            f"the optimizer {spec.optimizer_class.__qualname__} is not part of Keras, and a file cannot contain its "
            "code. `freeze` the classifier: predicting needs no optimizer"
        )
    return [*name_of(spec.optimizer_class), spec.config]


def _to_optimizer(module: str, name: str, config: str) -> Any:
    from skrnn.network.spec import OptimizerSpec

    _checked_config(config)
    return OptimizerSpec(_keras_class(module, name), config)


def _keras_class(module: str, name: str) -> Any:
    """Return an optimizer or schedule of Keras. Only its public classes come from the two modules."""
    from skrnn._tensorflow import keras

    if module not in _OF_KERAS:
        raise ValueError(f"no optimizer of Keras: {module}.{name}")
    found = getattr(keras.optimizers if module == "keras.optimizers" else keras.optimizers.schedules, name)
    if not isinstance(found, type) or not issubclass(
        found, (keras.optimizers.Optimizer, keras.optimizers.schedules.LearningRateSchedule)
    ):
        raise ValueError(f"no optimizer of Keras: {module}.{name}")
    return found


def _checked_config(config: str) -> dict[str, Any]:
    """Return a configuration after a check: Keras would import any module that a nested one names."""
    values = json.loads(config)

    def check(value: Any) -> None:
        if isinstance(value, Mapping):
            if "class_name" in value:
                _keras_class(str(value.get("module")), str(value["class_name"]))
                known = (None, value["class_name"])
                if value.get("registered_name") not in known or value.get("compile_config"):
                    raise ValueError("a configuration that Keras did not write")
            elif "module" in value or "registered_name" in value:
                raise ValueError("a configuration that Keras did not write")
            for inner in value.values():
                check(inner)
        elif isinstance(value, list):
            for inner in value:
                check(inner)

    check(values)
    return values


_BY_TYPE: Mapping[str, tuple[type, ...]] = {
    "tuple": (tuple,),
    "set": (set,),
    "frozenset": (frozenset,),
    "defaultdict": (defaultdict,),
    "masked_array": (np.ma.MaskedArray,),
    "random_state": (np.random.RandomState,),
    "random_generator": (np.random.Generator,),
    "complex": (complex,),
    "slice": (slice,),
    "range": (range,),
    "partial": (functools.partial,),
    "datetime": (datetime.datetime,),
    "timedelta": (datetime.timedelta,),
}

CODECS: Mapping[str, Codec] = {
    "tuple": Codec(lambda items: [[*items]], tuple),
    "named_tuple": Codec(lambda items: [type(items), [*items]], _to_named_tuple),
    "set": Codec(lambda items: [_in_order(items)], set),
    "frozenset": Codec(lambda items: [_in_order(items)], frozenset),
    "defaultdict": Codec(lambda items: [items.default_factory, dict(items)], defaultdict),
    "scalar": Codec(_scalar, _to_scalar),
    "dtype": Codec(lambda dtype: [np.empty(0, dtype)], lambda array: array.dtype),
    "object_array": Codec(lambda array: [[*array.shape], array.ravel().tolist()], _to_object_array),
    "stacked": Codec(lambda arrays: [np.array(arrays)], _to_list),
    "texts": Codec(_texts, _to_texts),
    "integers": Codec(lambda numbers: [np.array(numbers, np.int64)], lambda array: array.tolist()),
    "floats": Codec(lambda numbers: [np.array(numbers, np.float64)], lambda array: array.tolist()),
    "masked_array": Codec(_masked, _to_masked),
    "sparse": Codec(_sparse, _to_sparse),
    "random_state": Codec(lambda state: [state.get_state(legacy=False)], _to_random_state),
    "random_generator": Codec(_generator, _to_generator),
    "complex": Codec(lambda number: [number.real, number.imag], complex),
    "slice": Codec(lambda part: [part.start, part.stop, part.step], slice),
    "range": Codec(_range, _to_range),
    "path": Codec(lambda path: [str(path)], lambda text: Path(str(text))),
    "enum": Codec(_enum, _to_enum),
    "partial": Codec(lambda made: [made.func, [*made.args], made.keywords], _to_partial),
    "datetime": Codec(lambda moment: [moment.isoformat()], _to_datetime),
    "timedelta": Codec(lambda span: [span.days, span.seconds, span.microseconds], datetime.timedelta),
    "distribution": Codec(_distribution, _to_distribution),
    "trial": Codec(_trial, _to_trial),
    "keras": Codec(_keras, _to_keras),
    "keras_class": Codec(lambda kind: [*name_of(kind)], _keras_class),
    "optimizer": Codec(_optimizer, _to_optimizer),
}
