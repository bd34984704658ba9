"""Passwords of storages: no exit shows them, neither messages nor files nor representations."""

import json
import traceback

import pytest
from optuna.distributions import IntDistribution
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr
from sqlalchemy.engine import make_url

from skrnn import cli
from skrnn._secrets import Redacted, redact, secrets_of, without_secrets
from skrnn.model_selection import OptunaSearchCV, open_storage
from skrnn.model_selection.fingerprint import fingerprint

# In each URL, the secret is S3CRET. What is shown is the second.
URLS = {
    "postgresql://alice:S3CRET@db/studies": "postgresql://alice:***@db/studies",
    "postgresql+psycopg2://alice:S3CRET@db:5432/studies": "postgresql+psycopg2://alice:***@db:5432/studies",
    "postgresql://:S3CRET@db/studies": "postgresql://:***@db/studies",
    "postgresql://alice@corp:S3CRET@db/studies": "postgresql://alice@corp:***@db/studies",
    "postgresql://alice:%53S3CRET%40@db/studies": "postgresql://alice:***@db/studies",
    "postgresql://alice:S3CRET@[::1]:5432/studies": "postgresql://alice:***@[::1]:5432/studies",
    # several hosts
    "postgresql://alice:S3CRET@h1:5432,h2:5433/x?target=any": "postgresql://alice:***@h1:5432,h2:5433/x?target=any",
    "postgresql://a:S3CRET@h1,b:S3CRET@h2/x": "postgresql://a:***@h2/x",
    "postgresql:///x?host=h1:5432&host=h2&password=S3CRET": "postgresql:///x?host=h1:5432&host=h2&password=***",
    # Unix sockets
    "postgresql://alice:S3CRET@/x?host=/var/run/pg": "postgresql://alice:***@/x?host=/var/run/pg",
    "postgresql://alice:S3CRET@%2Fvar%2Frun%2Fpg/x": "postgresql://alice:***@%2Fvar%2Frun%2Fpg/x",
    "postgresql:///x?host=/var/run/pg&user=alice&password=S3CRET": (
        "postgresql:///x?host=/var/run/pg&user=alice&password=***"
    ),
    "mysql+pymysql://bob:S3CRET@localhost/x?unix_socket=/tmp/m": "mysql+pymysql://bob:***@localhost/x?unix_socket=/tmp/m",
    # parameters
    "postgresql://db/x?user=alice&password=S3CRET": "postgresql://db/x?user=alice&password=***",
    "postgresql://db/x?user=alice;password=S3CRET": "postgresql://db/x?user=alice;password=***",
    "postgresql://db/x?sslpassword=S3CRET&sslmode=require": "postgresql://db/x?sslpassword=***&sslmode=require",
    "mysql://db/x?passwd=S3CRET&charset=utf8": "mysql://db/x?passwd=***&charset=utf8",
    "mysql://db/x?PASSWORD=S3CRET": "mysql://db/x?PASSWORD=***",
    "mysql://db/x?p%61ssword=S3CRET": "mysql://db/x?p%61ssword=***",
    "mysql://db/x?p%2561ssword=S3CRET": "mysql://db/x?p%2561ssword=***",
    "mysql://db/x?api_key=S3CRET#access_token=S3CRET": "mysql://db/x?api_key=***",
    "mysql://db/x?password=S3CRET@S3CRET": "mysql://db/x?password=***",
    "mysql://db/x?password=S3C?RET": "mysql://db/x?password=***",
    "mysql://db/x?password=S3CRET&S3CRET;S3CRET&more=1": "mysql://db/x?password=***&more=1",
    "mysql://db/x?more=1#token=S3CRET": "mysql://db/x?more=***",
    "mysql://db/x?more=1?password=S3CRET": "mysql://db/x?more=***",
    "mssql+pyodbc:///?odbc_connect=UID%3Dsa%3BPWD%3DS3CRET": "mssql+pyodbc:///?odbc_connect=***",
    "mssql+pyodbc:///?more=UID%253Dsa%253BPWD%253DS3CRET": "mssql+pyodbc:///?more=***",
    "mysql://db/x?proxy=http://alice:S3CRET@proxy": "mysql://db/x?proxy=***",
    # malformed: special characters that are not encoded, a missing host
    "postgresql://alice:S3CRET/x@db/studies": "postgresql://alice:***@db/studies",
    "postgresql://alice:S3CRET?x=1@db/studies": "postgresql://alice:***@db/studies",
    "postgresql://alice:S3CRET#S3CRET@db/studies": "postgresql://alice:***@db/studies",
    "postgresql://alice:S3CRET@S3CRET@db/studies": "postgresql://alice:***@db/studies",
    "postgresql://alice:S3CRET:S3CRET@db/studies": "postgresql://alice:***@db/studies",
    "postgresql://alice:S3CRET S3CRET@db/studies": "postgresql://alice:***@db/studies",
    "postgresql://alice:'S3CRET'@db/studies": "postgresql://alice:***@db/studies",
    "://alice:S3CRET@db": "://alice:***@db",
    "postgresql://alice:S3CRET": "postgresql://alice:***",
    "postgresql://alice:S3CRET/studies": "postgresql://alice:***/studies",
    "sqlite+pysqlcipher://:S3CRET@/x.db?kdf_iter=64000": "sqlite+pysqlcipher://:***@/x.db?kdf_iter=64000",
    "sqlite:///x.db?password=S3CRET": "sqlite:///x.db?password=***",
    # in messages
    "cannot open postgresql://alice:S3CRET@db/x: refused": "cannot open postgresql://alice:***@db/x: refused",
    "'postgresql://a:S3CRET@db/x' and \"mysql://b:S3CRET@c/d\"": "'postgresql://a:***@db/x' and \"mysql://b:***@c/d\"",
    'invalid dsn "user=alice password=S3CRET dbname=x"': 'invalid dsn "user=alice password=*** dbname=x"',
    "invalid dsn host=db password='S3CRET S3CRET' dbname=x": "invalid dsn host=db password=*** dbname=x",
    "connect(host='db', password='S3CRET')": "connect(host='db', password=***)",
}  # fmt: skip

HARMLESS = [
    "search.journal",
    "/home/a:b@c/x.journal",
    "sqlite:///search.db",
    "sqlite:////data/x@y:z.db",
    "postgresql://db/studies",
    "postgresql://alice@db:5432/studies?sslmode=require",
    "postgresql://alice@db/x?options=-c%20statement_timeout%3D5",
    "postgresql://db/x?email=x@y.org",
    "mysql://h1:1,h2:2/x",
    'FATAL:  password authentication failed for user "alice"',
    "(Background on this error at: https://sqlalche.me/e/20/e3q8)",
    "",
]


@pytest.mark.parametrize("url", URLS)
def test_secrets_are_masked(url):
    assert redact(url) == URLS[url]
    assert redact(redact(url)) == redact(url)
    assert "S3C" not in repr(Redacted(url))


@pytest.mark.parametrize("text", HARMLESS)
def test_what_has_no_secrets_is_left_as_it_is(text):
    assert redact(text) == text
    assert secrets_of(text) == frozenset()


def test_other_objects_have_texts_too():
    assert (
        redact(make_url("postgresql://alice:S3CRET@db/x?password=S3CRET")) == "postgresql://alice:***@db/x?password=***"
    )
    assert redact(ValueError("mysql://a:S3CRET@b/c")) == "mysql://a:***@b/c"


def test_known_secrets_are_found_anywhere_in_any_notation():
    secrets = secrets_of("postgresql://alice:S3C%40RET@db/x?passphrase=w%20w")
    assert secrets >= {"S3C%40RET", "S3C@RET", "w w", "w%20w"}
    assert redact("login S3C@RET failed, S3C%40RET, w w", secrets) == "login *** failed, ***, ***"
    # Parsers quote pieces: "invalid port 'S3CRET'"
    assert redact("invalid port: 'S3CRET'", secrets_of("mysql://alice:ab/S3CRET@db/x")) == "invalid port: '***'"


def test_exceptions_and_their_causes_show_no_secrets():
    secret = "S3CRET"  # not in the lines that a traceback quotes
    url = f"postgresql://alice:{secret}@db/x"

    class Quoting(Exception):
        """Its text is not made of its arguments."""

        def __str__(self):
            return f"cannot open {url}"

    def fail(cause):
        try:
            raise cause
        except Exception as error:
            error.add_note(f"password={secret}")
            raise ValueError(f"{url} {secret}", 3) from error

    for cause in (OSError(f"{secret} is wrong"), OSError(5, secret), Quoting()):
        with pytest.raises((ValueError, RuntimeError)) as raised, without_secrets(url):
            fail(cause)
        assert "S3CRET" not in "".join(traceback.format_exception(raised.value))
        assert "***" in str(raised.value)
    own = KeyError("name")
    with pytest.raises(KeyError) as kept, without_secrets(url):
        raise own
    assert kept.value is own


URL = "postgresql://alice:S3CRET@nowhere.invalid/x?password=S3CRET"


def test_a_search_shows_no_password_and_keeps_it():
    search = OptunaSearchCV(KNeighborsClassifier(), {"n_neighbors": IntDistribution(1, 5)}, storage=URL)
    outer = make_pipeline(GridSearchCV(search, {"n_trials": [1]}))
    for shown in (
        repr(search), repr(outer), str(search), estimator_html_repr(search), estimator_html_repr(outer),
        repr(search.get_params()), repr(outer.get_params()), repr(clone(search)),
    ):  # fmt: skip
        assert "S3CRET" not in shown
    assert "storage='postgresql://alice:***@" in repr(search)
    for same in (search, clone(search), clone(clone(search)), clone(outer)[0].estimator):
        assert same.storage == URL
        assert same.get_params()["storage"] == URL
        assert str(same.get_params()["storage"]) == URL
    assert json.dumps(search.get_params()["storage"]) == json.dumps(URL)
    assert search.set_params(storage="search.journal").get_params()["storage"] == "search.journal"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("postgresql+psycopg2://alice:S3CRET@127.0.0.1:1/x?password=S3CRET", (ConnectionError, ImportError)),
        ("mysql+nosuchdriver://alice:S3CRET@db/x", (ValueError, ImportError)),
        ("nosuchdb://alice:S3CRET@db/x", ValueError),
        ("postgresql://alice:S3CRET", (ValueError, ImportError)),
        ("postgresql://alice:12/S3CRET@db/x", (ValueError, ImportError, ConnectionError)),
        ("sqlite:///nowhere/x.db?password=S3CRET", (OSError, ValueError)),
        ("redis://:S3CRET@db", ValueError),
        ("://alice:S3CRET@db", ValueError),
    ],
)
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_no_error_shows_a_password(tmp_path, monkeypatch, capsys, url, kind):
    monkeypatch.chdir(tmp_path)
    search = OptunaSearchCV(KNeighborsClassifier(), {"n_neighbors": IntDistribution(1, 5)}, storage=url, cv=2)
    for call in (lambda: open_storage(url), lambda: search.fit([[0.0], [1.0]] * 4, [0, 1] * 4)):
        with pytest.raises(kind) as raised:
            call()
        assert "S3C" not in "".join(traceback.format_exception(raised.value))
        assert "The storage '" in str(raised.value)
    assert cli.main(["tune", "--samples", "160", "--storage", url]) == 1
    printed = "".join(capsys.readouterr())
    assert "S3C" not in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("storage", [URL.encode(), [URL], (URL, 3), {"url": URL}, make_url(URL)])
def test_a_storage_of_the_wrong_type_is_not_quoted(storage):
    search = OptunaSearchCV(KNeighborsClassifier(), {"n_neighbors": IntDistribution(1, 5)}, storage=storage)
    with pytest.raises(ValueError, match="The 'storage' parameter of OptunaSearchCV must be") as raised:
        search.fit([[0.0], [1.0]] * 4, [0, 1] * 4)
    assert "S3CRET" not in "".join(traceback.format_exception(raised.value))


def test_a_url_is_the_same_part_of_a_study_or_not_as_before(tmp_path):
    """What masks a URL does not change the names under which results are stored."""
    first, second = (fingerprint({"storage": storage}) for storage in (URL, Redacted(URL)))
    assert first == second
