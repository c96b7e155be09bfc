"""Texts that are values of a type, and texts that are not."""

from __future__ import annotations

GOOD = {
    "int": ["1", "-3", "+4", "1_000", "0", "9" * 30],
    "float": ["1", "1e-3", ".5", "-inf", "nan", "1_0.5"],
    "bool": ["true", "FALSE", "Yes", "no", "on", "OFF", "1", "0"],
    "uri": ["https://x/y", "s3://b/k", "C:/x", "foo:", "runs:/1"],
    "string": ["", "anything"],
    "banana": ["", "3"],
    "list[int]": ["1,2", "1, 2", "[1, 2]", "", "[]", "7"],
    "list[string]": ["a,b", '["a", "b,c"]', "['a', 'b']"],
    "list[bool]": ["true,no", "[true, false]", "[True]"],
    "list": ["a,b"],
    "path": ["x"],
}
BAD = {
    "int": ["", "1e3", "3.0", "x", " 3", "1.5", "0x10", "inf", "nan"],
    "float": ["", "x", "1,5", " 1"],
    "bool": ["", "t", "2", "None"],
    "uri": ["", "a/b", "/abs", "./x", "1a:b"],
    "list[int]": ["1,x", "[1, 2.5]", "[1, [2]]", "{1}", "[1", "1,,2"],
    "list[float]": ["a"],
    "path": [""],
}
