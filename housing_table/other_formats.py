"""Files that hold no table of text, by how they begin."""

import re

_UNPACK = "unpack it, and give what was in it"
_AS_CSV = "save the table as CSV in UTF-8"
_JSON = (
    "it is JSON: write it as CSV or Parquet (`housing score` also takes an object a line,"
    " in a file named *.ndjson)"
)
_ARFF = "it is ARFF: write it as CSV, a line with the names and below it those below @DATA"

# As their first line reads, bytes that are no UTF-8 replaced; and what to say.
_BEGINNINGS = tuple(
    (re.compile(beginning), text)
    for beginning, text in (
        ("\x1f\ufffd", f"it is compressed (gzip): {_UNPACK}"),
        ("BZh[1-9]1AY", f"it is compressed (bzip2): {_UNPACK}"),
        ("\ufffd7zXZ\0", f"it is compressed (xz): {_UNPACK}"),
        (r"\(\ufffd/\ufffd", f"it is compressed (Zstandard): {_UNPACK}"),
        ("PK\x03\x04", f"it is a ZIP archive or a workbook: {_UNPACK}, or {_AS_CSV}"),
        ("\ufffd{2}\x11\u0871\x1a\ufffd", f"it is a workbook of Excel: {_AS_CSV}"),
        ("PAR1", "it is Parquet: name it *.parquet (to the command: --from parquet)"),
        (r"ARROW1|FEA1|ORC(?![\w ,;\t.])", f"it is of Arrow or ORC: {_AS_CSV}, or as Parquet"),
        ("SQLite format 3", f"it is a database: {_AS_CSV}"),
        (
            r"(?i)\s*<(!doctype|html|head|body|\?xml)\b",
            "it is a web page or XML: download the file itself (on GitHub: Raw)",
        ),
        (
            "version https://git-lfs",
            "it only says where Git LFS keeps the file: fetch that by `git lfs pull`",
        ),
        (r"\s*(\{|\[\s*(\{|\[|$))", _JSON),
        (r"(?i)\s*@relation\b", _ARFF),
    )
)


def recognised(line: str) -> str:
    """Returns what a file is, and what to do, if its first line shows it to be no table of text."""
    return next((text for beginning, text in _BEGINNINGS if beginning.match(line)), "")
