"""Bodies that are none of the JSON objects that are expected."""

NO_OBJECT = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff",
    b"[" * 200_000,
    b'{"unknown": ' + b"[" * 200_000,
]
