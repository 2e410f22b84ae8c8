import pytest

from sentinel.decode.pointer import resolve, tokens
from sentinel.decode.reasons import Reason, Refused

# The document and answers of RFC 6901, section 5.
DOCUMENT = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", DOCUMENT),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_examples_of_the_standard(pointer, value):
    assert resolve(DOCUMENT, pointer) == value


@pytest.mark.parametrize(
    "pointer", ["/nope", "/foo/2", "/foo/01", "/foo/-", "/foo/x", "/foo/0/0", "/foo/99999999999999"]
)
def test_a_pointer_to_nothing_is_refused(pointer):
    with pytest.raises(Refused) as refused:
        resolve(DOCUMENT, pointer)
    assert refused.value.reason is Reason.POINTER_MISSED


def test_a_pointer_must_begin_with_a_slash():
    with pytest.raises(ValueError, match="begins with /"):
        tokens("data/rows")
