"""A file gets into the data home whole or not at all, whatever the servers do."""

import hashlib
import re
import stat
import subprocess
import time
import warnings

import pytest

from skrnn.datasets._download import Patience, RemoteFile, _Received, data_home_path, locate

QUICK = Patience(attempts=3, delay=0.01, timeout=0.2)


@pytest.fixture
def published(server):
    """The file that the server serves under two addresses, as `first` and `second`."""
    return RemoteFile(
        "folder/file.bin",
        size=len(server.content),
        sha256=hashlib.sha256(server.content).hexdigest(),
        mirrors=(server.url("first"), server.url("second")),
    )


def fetch(file, home, patience=QUICK):
    return locate(file, home, download_if_missing=True, patience=patience)


def files_in(home):
    return sorted(path.relative_to(home).as_posix() for path in home.rglob("*"))


def test_a_missing_file_is_downloaded_verified_and_from_then_on_used(server, published, tmp_path, capsys):
    server.answers = {"first": ["whole"]}
    path = fetch(published, tmp_path / "home")
    assert path == tmp_path / "home" / "folder" / "file.bin"
    assert path.read_bytes() == server.content
    assert "256k/256k" in capsys.readouterr().err  # the progress bar
    assert fetch(published, tmp_path / "home") == path
    assert server.requests == {"first": 1}
    assert files_in(tmp_path / "home") == ["folder", "folder/file.bin"]


def test_a_downloaded_file_has_the_permissions_of_any_new_file(server, published, tmp_path):
    server.answers = {"first": ["whole"]}
    (tmp_path / "other").touch()
    mode = stat.S_IMODE((tmp_path / "other").stat().st_mode)
    assert stat.S_IMODE(fetch(published, tmp_path).stat().st_mode) == mode


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (500, "500 Server Error: Internal Server Error for url: {url}"),
        (429, "429 Client Error: Too Many Requests for url: {url}"),
        ("drop", r"\('Connection aborted.', RemoteDisconnected\('Remote end closed connection without response'\)\)"),
        ("stall", ".*Read timed out.*"),
        ("truncate", ".*IncompleteRead.128000 bytes read, 128000 more expected.*"),
        ("unsized", "received 128,000 of 256,000 bytes"),
        (b"", "received 0 of 256,000 bytes"),
        (b"?" * 256_001, "received more than 256,000 bytes"),
        ("endless", "received more than 256,000 bytes"),
        (b"?" * 256_000, "wrong content, SHA256 [0-9a-f]{{64}}"),
    ],
)
def test_a_failing_mirror_is_asked_again_and_then_the_next_one(server, published, tmp_path, answer, cause):
    server.answers = {"first": [answer], "second": ["whole"]}
    url = re.escape(server.url("first"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = fetch(published, tmp_path)
    assert path.read_bytes() == server.content
    assert server.requests == {"first": 3, "second": 1}
    assert files_in(tmp_path) == ["folder", "folder/file.bin"]
    for attempt, (warning, wait) in enumerate(zip(caught, ["0.01", "0.02"], strict=True), start=1):
        assert warning.category is UserWarning
        assert re.fullmatch(
            rf"Attempt {attempt} of 3 to download {url} failed: {cause.format(url=url)}. Trying again in {wait} s\.",
            str(warning.message),
        )


@pytest.mark.filterwarnings("ignore:Attempt:UserWarning")
def test_a_download_ends_one_byte_after_the_known_size(server, published, tmp_path, monkeypatch):
    server.answers = {"first": ["endless"], "second": ["whole"]}
    largest = 0
    write = _Received.write

    def watched(self, chunk):
        nonlocal largest
        try:
            write(self, chunk)
        finally:
            largest = max(largest, self._stream.tell())

    monkeypatch.setattr(_Received, "write", watched)
    fetch(published, tmp_path)
    assert largest == 256_001
    assert server.requests == {"first": 3, "second": 1}
    assert server.n_sent < 100e6  # what the buffers between the two hold


@pytest.mark.parametrize("answer", [403, 404, 410])
def test_a_mirror_that_refuses_is_asked_once(server, published, tmp_path, answer):
    server.answers = {"first": [answer], "second": ["whole"]}
    assert fetch(published, tmp_path).read_bytes() == server.content
    assert server.requests == {"first": 1, "second": 1}


@pytest.mark.filterwarnings("ignore:Attempt:UserWarning")
def test_a_mirror_that_recovers_is_used(server, published, tmp_path):
    server.answers = {"first": ["truncate", 503, "whole"]}
    assert fetch(published, tmp_path).read_bytes() == server.content
    assert server.requests == {"first": 3}


@pytest.mark.filterwarnings("ignore:Attempt:UserWarning")
def test_a_stalled_server_is_given_up_in_time(server, published, tmp_path):
    server.answers = {"first": ["stall"], "second": ["whole"]}
    start = time.monotonic()
    fetch(published, tmp_path, Patience(attempts=2, delay=0, timeout=0.2))
    assert 0.4 <= time.monotonic() - start < 3


@pytest.mark.filterwarnings("ignore:Attempt:UserWarning")
def test_when_all_mirrors_fail_the_error_tells_each_cause_and_what_to_do(server, published, tmp_path):
    server.answers = {"first": [404], "second": [b"?" * 10]}
    with pytest.raises(OSError, match=r"file\.bin could not be downloaded") as caught:
        fetch(published, tmp_path)
    first, second = published.mirrors
    assert str(caught.value).splitlines() == [
        "file.bin could not be downloaded:",
        f"  {first}: 404 Client Error: Not Found for url: {first} (1 attempt)",
        f"  {second}: received 10 of 256,000 bytes (3 attempts)",
        f"Try again later, or get the file (256,000 bytes, SHA256 {published.sha256}) from elsewhere and save it as"
        f" {tmp_path / 'folder' / 'file.bin'}",
    ]
    assert files_in(tmp_path) == ["folder"]


@pytest.mark.filterwarnings("ignore:Attempt:UserWarning")
def test_an_unreachable_server_is_a_cause_like_any_other(server, published, tmp_path):
    server.close()
    with pytest.raises(OSError, match=r"first: .*Connection refused.* \(3 attempts\)"):
        fetch(published, tmp_path)
    assert files_in(tmp_path) == ["folder"]


def test_an_interrupted_download_leaves_nothing_behind(server, published, tmp_path, monkeypatch):
    server.answers = {"first": ["whole"]}

    def interrupted(self, n=1):
        raise KeyboardInterrupt

    # Ctrl-C between two chunks: the progress bar is what runs there.
    monkeypatch.setattr("tqdm.std.tqdm.update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(published, tmp_path)
    assert files_in(tmp_path) == ["folder"]


@pytest.fixture
def full_disk(tmp_path):
    """A file system of 64 kB."""
    folder = tmp_path / "full"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_named_with_a_remedy(server, published, full_disk):
    server.answers = {"first": ["whole"]}
    with pytest.raises(OSError, match="cannot be written") as caught:
        fetch(published, full_disk)
    assert str(caught.value) == (
        f"{full_disk / 'folder' / 'file.bin'} cannot be written: No space left on device. The file has 256,000 bytes. "
        "Make room for it in a folder that you may write to, or choose another one with `data_home` or the environment "
        "variable SKRNN_DATA_HOME."
    )
    assert server.requests == {"first": 1}  # another mirror makes no room
    assert files_in(full_disk) == ["folder"]


def test_a_data_home_that_is_a_file_is_named(published, tmp_path, no_network):
    (tmp_path / "home").touch()
    with pytest.raises(
        OSError, match=r"home/folder/file\.bin cannot be written: Not a directory\. The file has 256,000"
    ):
        fetch(published, tmp_path / "home")


def test_a_file_that_is_there_is_used_without_network_and_left_alone(published, tmp_path, tree, no_network):
    path = tmp_path / "folder" / "file.bin"
    path.parent.mkdir()
    path.write_bytes(b"anything")
    before = tree(tmp_path)
    assert fetch(published, tmp_path) == path
    assert tree(tmp_path) == before


def test_nothing_is_downloaded_or_created_when_that_is_not_wanted(published, tmp_path, no_network):
    home = tmp_path / "home"
    with pytest.raises(OSError, match="not found") as caught:
        locate(published, home, download_if_missing=False, patience=QUICK)
    assert str(caught.value) == (
        f"{home / 'folder' / 'file.bin'} not found, and `download_if_missing` is False. Set it to True, or put the file"
        f" there: it is published at {published.mirrors[0]}"
    )
    assert not home.exists()


def test_data_home_is_the_argument_else_the_environment_else_a_folder_of_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SKRNN_DATA_HOME", "/from/environment")
    assert str(data_home_path("/from/argument")) == "/from/argument"
    assert data_home_path(tmp_path) == tmp_path
    assert data_home_path("~/data") == tmp_path / "data"
    assert str(data_home_path(None)) == "/from/environment"
    monkeypatch.setenv("SKRNN_DATA_HOME", "")
    assert data_home_path(None) == tmp_path / "skrnn_data"
    monkeypatch.delenv("SKRNN_DATA_HOME")
    assert data_home_path(None) == tmp_path / "skrnn_data"
