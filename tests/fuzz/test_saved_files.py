"""load: whatever a file holds, what was saved or one ValueError that names the file, and no code of the file runs."""

import hashlib
import io
import json
import os
import sys
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import skrnn
from skrnn.persistence import read_remarks
from tests.fuzz.tally import TALLY, Refused

STORED = Path(__file__).parents[1] / "persistence" / "format_1.skrnn"
_N_DIGITS = 64
_DANGEROUS = [  # modules and names that would do something when they are called, made or only imported
    ("os", "system"),
    ("posix", "system"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "open"),
    ("subprocess", "Popen"),
    ("antigravity", "fly"),
    ("skrnn.cli.__main__", "main"),
    ("sklearn.datasets._base", "urlretrieve"),
    ("sklearn.datasets._base", "Path"),
    ("sklearn.utils", "Bunch"),
    ("skrnn.estimators.base", "Callable"),
    ("numpy", "fromfile"),
    ("functools", "partial"),
    ("skrnn.persistence.files", "load"),
]
_LOADERS = [
    *(f"{name}Node" for name in ("Json", "List", "Tuple", "Set", "Dict", "DefaultDict", "Object", "Function", "Type")),
    *(
        f"{name}Node"
        for name in ("Method", "Partial", "OperatorFunc", "ConstructorFromReduce", "Tree", "Loss", "Slice")
    ),
    *(
        f"{name}Node"
        for name in ("NdArray", "MaskedArray", "RandomGenerator", "DType", "SparseMatrix", "Bytes", "Cached")
    ),
    *(f"skrnn.{name}Node" for name in ("Array", "Pairs", "Codec", "Reference")),
    "NoNode",
]
_CODECS = ["tuple", "set", "scalar", "stacked", "object_array", "keras", "partial", "sparse", "enum", "texts", "range"]
_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(
        [10**18, -(10**30), 1e308, float("nan"), "", "x", "9" * 5000, "[" * 100_000, "\ud800", [], {}, [[]]]
    ),
    st.text(max_size=5),
)


class Canary:
    """Is told by Python itself of what a file must not cause: programs, connections, changed files."""

    EVENTS = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect", "os.remove", "os.rename")

    def __init__(self):
        self.active, self.seen = False, []
        sys.addaudithook(self._note)

    def _note(self, event, arguments):
        if self.active and (event in self.EVENTS or (event == "open" and "w" in str(arguments[1]))):
            self.seen.append((event, arguments))

    def __enter__(self):
        self.active, self.seen = True, []

    def __exit__(self, *error):
        self.active = False


@pytest.fixture(scope="module")
def canary():
    return Canary()


@pytest.fixture(scope="module", autouse=True)
def loaded_before():
    """Import what good files need, so that no import is taken for code of a file."""
    skrnn.load(STORED)
    import optuna  # noqa: F401

    return


def sealed(members, comment=None):
    """Return an archive of (name, contents, compressed) with a digest that is right."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, contents, compressed in members:
            kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # two members with one name
                archive.writestr(zipfile.ZipInfo(name), contents, compress_type=kind)
        archive.comment = b"skrnn-format 1 sha256 " + b"0" * _N_DIGITS if comment is None else comment
    return resealed(stream.getvalue())


def resealed(data):
    """Return a file with the digest of its contents."""
    return data[:-_N_DIGITS] + hashlib.sha256(data[:-_N_DIGITS]).hexdigest().encode()


def members_of(path=STORED):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def check(kind, data, canary):
    """Load a damaged file."""
    with TALLY.case(f"saved file: {kind}", lambda: f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}"):
        before, message = {*sys.modules}, None
        try:
            with canary:
                skrnn.load(io.BytesIO(data))
        except ValueError as error:
            message = str(error)
        assert not canary.seen, canary.seen
        assert not ({*sys.modules} - before) & {module for module, _ in _DANGEROUS}
        if message is not None:
            assert message.startswith("The file "), message
            assert "\n" not in message
            raise Refused(message)


# Bytes


def damage(draw, data):
    """Draw a damaged copy of a file."""
    place = draw(st.integers(0, len(data) - 1))
    match draw(st.sampled_from(["flip", "cut", "insert", "delete", "swap", "zero"])):
        case "flip":
            changed = bytearray(data)
            changed[place] ^= 1 << draw(st.integers(0, 7))
            return bytes(changed)
        case "cut":
            return data[:place]
        case "insert":
            return data[:place] + draw(st.binary(min_size=1, max_size=9)) + data[place:]
        case "delete":
            return data[:place] + data[place + draw(st.integers(1, 2000)) :]
        case "swap":
            other = draw(st.integers(0, len(data) - 1))
            return data[:place] + data[other : other + 40] + data[place + 40 :]
        case _:
            return data[:place] + bytes(min(300, len(data) - place)) + data[place + 300 :]


@given(st.data())
def test_a_damaged_file_is_refused(canary, data):
    whole = STORED.read_bytes()
    damaged = damage(data.draw, whole)
    if damaged != whole:
        n_refused = TALLY.refused["saved file: damaged bytes"]
        check("damaged bytes", damaged, canary)
        assert TALLY.refused["saved file: damaged bytes"] == n_refused + 1


# Bytes with the right digest


@given(st.data())
def test_a_damaged_file_with_the_right_digest_is_no_danger(canary, data):
    check("damaged, right digest", resealed(damage(data.draw, STORED.read_bytes())), canary)


def places_in(tree):
    """Return the nodes of a tree, as pairs of a container and a key."""
    found, waiting = [], [tree]
    while waiting:
        value = waiting.pop()
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, each in inner:
            found.append((value, key))
            waiting.append(each)
    return found


def copied(tree):
    """Return a tree that shares nothing with another one: a later change must not make a circle."""
    return json.loads(json.dumps(tree))


def mutate(draw, tree):
    """Change a tree at a few places."""
    for _ in range(draw(st.integers(1, 3))):
        places = places_in(tree)
        if not places:
            return
        container, key = places[draw(st.integers(0, len(places) - 1))]
        nodes = [each for owner, name in places if isinstance(each := owner[name], dict) and "__loader__" in each]
        node = draw(st.sampled_from(nodes)) if nodes else {}
        match draw(st.sampled_from(["junk", "type", "loader", "codec", "copy", "delete", "id", "wrap", "text"])):
            case "junk":
                container[key] = copied(draw(_JUNK))
            case "type":
                node["__module__"], node["__class__"] = draw(st.sampled_from(_DANGEROUS))
            case "loader":
                node["__loader__"] = draw(st.sampled_from(_LOADERS))
            case "codec":
                node["codec"] = draw(st.sampled_from(_CODECS))
            case "copy":
                container[key] = copied(node)
            case "delete":
                if isinstance(container, dict):
                    del container[key]
            case "id":
                node[draw(st.sampled_from(["__id__", "of"]))] = draw(st.integers(0, 5))
            case "wrap":
                container[key] = copied({**node, "content": container[key]})
            case _:
                if isinstance(node.get("content"), str):
                    place = draw(st.integers(0, len(node["content"])))
                    node["content"] = node["content"][:place] + draw(st.text(max_size=3)) + node["content"][place + 1 :]


@given(st.data())
def test_a_hostile_tree_is_no_danger(canary, data):
    members = members_of()
    name = data.draw(st.sampled_from(["schema.json"] * 9 + ["skrnn.json"]))
    tree = json.loads(members[name])
    mutate(data.draw, tree)
    members[name] = json.dumps(tree).encode("utf-8", "surrogatepass")
    check("hostile tree", sealed([(*pair, False) for pair in members.items()]), canary)


_HEADERS = [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 1000), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 0), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -2), }",
    "{'descr': '|V0', 'fortran_order': False, 'shape': (1000000000000,), }",
    "{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [('a', '|O'), ('b', '<i4')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1e9,), }",
    "__import__('os').system('true')",
    "{'descr': '<i8', 'fortran_order': True, 'shape': (), }",
    "(" * 9000,
    "",
]


def array_with(header, contents=b""):
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + contents


@given(st.data())
def test_hostile_members_are_no_danger(canary, data):
    members = [(name, contents, False) for name, contents in members_of().items()]
    place = data.draw(st.integers(0, len(members) - 1))
    name, contents, _ = members[place]
    match data.draw(st.sampled_from(["name", "twice", "packed", "missing", "header", "pickle", "swap", "more"])):
        case "name":
            strange = ["../../etc/passwd", "/tmp/x", "x.py", "1.npz", "C:\\x", "schema.json/..", "", "a" * 9000]
            members[place] = data.draw(st.sampled_from(strange)), contents, False
        case "twice":
            members.append((name, b"", False))
        case "packed":
            members[place] = name, bytes(data.draw(st.sampled_from([10, 10**6]))), True
        case "missing":
            del members[place]
        case "header":
            members[place] = (
                name,
                array_with(data.draw(st.sampled_from(_HEADERS)), data.draw(st.binary(max_size=16))),
                False,
            )
        case "pickle":
            members[place] = name, b"cposix\nsystem\n(S'touch /tmp/skrnn-canary'\ntR.", False
        case "swap":
            other = data.draw(st.integers(0, len(members) - 1))
            members[place] = name, members[other][1], False
        case _:
            members.append((data.draw(st.sampled_from(["999.npy", "999.bin", "skrnn.json"])), contents, False))
    with np.errstate(all="ignore"):
        check("hostile members", sealed(members), canary)


# Single cases that chance would hardly find


def node(loader, content, kind="list", module="builtins", **more):
    return {"__class__": kind, "__module__": module, "__loader__": loader, "content": content, **more}


def text_node(value):
    return node("JsonNode", value, "str")


def file_of(tree, *members, about=None):
    about = {"versions": {}, "remarks": text_node("{}")} if about is None else about
    text = tree if isinstance(tree, bytes) else json.dumps({**tree, "protocol": 2}).encode()
    return sealed([*members, ("schema.json", text, False), ("skrnn.json", json.dumps(about).encode(), False)])


def doubling(n_levels):
    """Return a tree in which each level contains the level below twice: 2 ** n_levels objects if they were copied."""
    tree = node("ListNode", [], __id__=1)
    for level in range(n_levels):
        reference = {
            "__class__": "list",
            "__module__": "builtins",
            "__loader__": "skrnn.ReferenceNode",
            "of": level + 1,
        }
        tree = node("ListNode", [tree, reference], __id__=level + 2)
    return tree


def same_ids(n_levels):
    tree = node("ListNode", [], __id__=1)
    for level in range(n_levels):
        tree = node("ListNode", [tree, {**node("ListNode", []), "__id__": level + 1}], __id__=level + 2)
    return tree


def nested(n_levels):
    text = json.dumps(node("ListNode", ["HERE"])).replace('"HERE"', "HERE").split("HERE")
    return (text[0] * n_levels + text[1] * n_levels).encode()


def itself():
    reference = {"__class__": "list", "__module__": "builtins", "__loader__": "skrnn.ReferenceNode", "of": 1}
    return node("ListNode", [reference], __id__=1)


def codec(name, content):
    return node("skrnn.CodecNode", content, codec=name)


def call(module, name, argument):
    """Return ways to have a function called with an argument."""
    arguments = codec("tuple", node("ListNode", [text_node(json.dumps([argument]))]))
    function = {"__class__": name, "__module__": module, "__loader__": "FunctionNode"}
    return [
        node("ConstructorFromReduceNode", arguments, name, module),
        node("ObjectNode", arguments, name, module),
        node("ListNode", [text_node(json.dumps(argument))], name, module),
        node("TypeNode", None, name, module),
        {**node("TreeNode", arguments, name, module), "__reduce__": {"args": arguments}},
        {**node("LossNode", arguments, name, module), "__reduce__": {"args": arguments}},
        codec("partial", node("ListNode", [function, text_node("[]"), text_node("{}")])),
        codec("enum", node("ListNode", [{**function, "__loader__": "TypeNode"}, text_node('"a"')])),
    ]


def keras_config(**config):
    parts = ["keras.optimizers", "Adam", json.dumps(config)]
    return codec("keras", text_node(json.dumps(parts)))


HOSTILE = {
    "a pickle": (b"cposix\nsystem\n(S'true'\ntR.", "it is no file of skrnn.save"),
    "nothing": (b"", "it is no file of skrnn.save"),
    "a zip archive": (sealed([], comment=b"x" * 99), "it is cut off, damaged, or no file of skrnn.save"),
    "a later format": (
        sealed([], comment=b"skrnn-format 2 sha256 " + b"0" * _N_DIGITS),
        "it has the format 2 of a later version of skrnn",
    ),
    "a bomb": (
        sealed([("schema.json", bytes(10**7), True), ("skrnn.json", b"{}", False)]),
        "its members are compressed or encrypted",
    ),
    "deep": (file_of(nested(50_000)), "its contents are nested too deeply"),
    "itself": (file_of(itself()), "its contents contain themselves"),
    "same ids": (file_of(same_ids(60)), "two nodes with one id"),
    "deep text": (file_of(text_node("[" * 10**6)), "nested too deeply"),
    "long number": (file_of(text_node("9" * 10**6)), "integer string conversion"),
    "generator": (
        file_of(
            codec(
                "random_generator",
                text_node(json.dumps(["PCG64", {}, {"entropy": 1, "spawn_key": [], "pool_size": 10**9}])),
            )
        ),
        "an unknown random generator",
    ),
    "an empty array of many": (
        file_of(
            codec(
                "stacked", node("ListNode", [{**node("skrnn.ArrayNode", None, "ndarray", "numpy"), "file": "1.npy"}])
            ),
            ("1.npy", array_with(_HEADERS[1]), False),
        ),
        "is empty, but has the shape",
    ),
    "a long range as a list": (
        file_of(codec("tuple", node("ListNode", [codec("range", text_node(json.dumps([0, 10**15, 1])))]))),
        "a range of too many numbers",
    ),
    "a module in a configuration": (
        file_of(keras_config(learning_rate={"module": "os", "class_name": "system", "config": {}})),
        "no optimizer of Keras: os.system",
    ),
    "a function in a configuration": (
        file_of(keras_config(learning_rate={"module": "builtins", "class_name": "function", "config": "eval"})),
        "no optimizer of Keras: builtins.function",
    ),
}


@pytest.mark.parametrize(("data", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason(canary, data, message):
    with canary, pytest.raises(ValueError, match=r"^The file could not be loaded: ") as raised:
        skrnn.load(io.BytesIO(data))
    assert message in str(raised.value)
    assert not canary.seen


@pytest.mark.parametrize(("module", "name"), _DANGEROUS, ids=[f"{module}.{name}" for module, name in _DANGEROUS])
def test_a_dangerous_name_is_refused(canary, module, name):
    imported = module in sys.modules
    for tree in call(module, name, "true"):
        for trusted in ((), ["sklearn.tree._tree.Tree"]):
            with canary, pytest.raises(ValueError, match=r"^The file (could not be|was not) loaded: "):
                skrnn.load(io.BytesIO(file_of(tree)), trusted)
            assert not canary.seen
    assert (module in sys.modules) == imported


def test_shared_objects_take_no_more_time_than_nodes():
    loaded = skrnn.load(io.BytesIO(file_of(doubling(15))))
    assert loaded[0] is loaded[1]
    assert len(loaded) == 2
    with pytest.raises(ValueError, match="refer to each other too often"):  # to hash such tuples would take for ever
        skrnn.load(io.BytesIO(file_of(doubling(100))))


def test_members_that_overlap_are_refused():
    """The same bytes as a hundred members: a small file that would take much memory."""
    data = file_of(text_node("1"), ("1.npy", np.lib.format.magic(1, 0) + bytes(10_000), False))
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[start : data.index(b"PK\x01\x02", start + 4)]
    entries = b"".join(entry.replace(b"1.npy", f"{number}.npy".encode()) for number in range(2, 9))
    count = 3 + 7
    tail = bytearray(data[end:])
    tail[8:12] = count.to_bytes(2, "little") * 2
    tail[12:16] = (end - start + len(entries)).to_bytes(4, "little")
    with pytest.raises(ValueError, match="its members are larger than the file"):
        skrnn.load(io.BytesIO(resealed(data[:start] + data[start:end] + entries + bytes(tail))))


def test_an_absurd_shape_takes_no_memory():
    array = {**node("skrnn.ArrayNode", None, "ndarray", "numpy"), "file": "1.npy"}
    files = [file_of(array, ("1.npy", array_with(header, bytes(8)), False)) for header in _HEADERS]
    tracemalloc.start()
    try:
        for data in files:
            try:
                assert skrnn.load(io.BytesIO(data)) == 0
            except ValueError as error:
                assert str(error).startswith("The file could not be loaded: ")  # noqa: PT017
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20e6


def test_bytes_that_only_people_read_are_covered(tmp_path):
    """A change of the time of a member, or of the remarks, changes no prediction, but is noticed."""
    path = tmp_path / "a.skrnn"
    skrnn.save(skrnn.preprocessing.SequenceScaler(), path, remarks={"data": "gaits.csv"})
    data = path.read_bytes()
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.raises(ValueError, match="could not be loaded"):
            read_remarks(path)
    os.truncate(path, len(data) - 1)
    with pytest.raises(ValueError, match="could not be loaded"):
        skrnn.load(path)
