"""What the tool refuses, where, and in which words. The standard library only:

    python -m unittest test_refusals
"""

import unittest

import build

SCALAR = {"params": [{"name": "x", "kind": "int"}, {"name": "y", "kind": "decimal"}, {"name": "s", "kind": "text"}],
          "labels": [{"value": 0, "label": "low"}, {"value": 1, "label": "high"}]}
HEAD = "def f(x: int, y: float, s: str) -> str:\n"
END = "    return 'low'\n"
PERSON = {"form": "person", "params": [{"name": "ym", "kind": "int"}], "columns": [{"name": "n", "kind": "number"}]}
ROW = "def row(ym: int | None) -> None:\n    pass\ndef finish() -> int:\n    return 1\ndef get_n(row: int) -> int:\n    return 1\n"


def said(source, manifest=SCALAR):
    code, refused = build.translate(source, manifest)
    assert (code is None) == bool(refused)
    return [(one.line, one.en) for one in refused]


class Refusals(unittest.TestCase):
    def alone(self, source, says, at, manifest=SCALAR):
        """One refusal, at this line, which says this."""
        with self.subTest(source):
            found = said(source, manifest)
            self.assertEqual([line for line, _ in found], [at], found)
            self.assertIn(says, found[0][1])

    def body(self, lines, says, at=2):
        self.alone(HEAD + "".join(f"    {line}\n" for line in lines.split("\n")) + END, says, at)

    def test_what_has_no_translation_says_what_to_write_instead(self):
        for line, says in [("a = [x]", "outside functions"), ("a = {1: 2}", "no dictionaries"), ("a = [n for n in s]", "no comprehensions"),
                           ("a = f'{x}'", "put together"), ("a = lambda: 1", "no lambdas"), ("try:\n    pass\nexcept E:\n    pass", "caught"),
                           ("with s:\n    pass", "no files"), ("match x:\n    case 1:\n        pass", "no `match`"), ("import os", "(Import)"),
                           ("a = b = 1", "one variable"), ("a, b = 1, 2", "outside functions"), ("print(x)", "cannot be called"), ("x", "does nothing"),
                           ("a = s.upper()", "startswith"), ("a = s.startswith(s)", "in quotes"), ("a = math.sin(y)", "`import math`"), ("max = 1", "is a function"), ("a = x.real", "not known"),
                           ("a = round(y, 2)", "declared step"), ("a = os", "not known"), ("a = None", "no variable holds it"), ("a = abs(x=1)", "by place"),
                           ("for c in s:\n    pass", "range"), ("a = s[::2]", "without a step"), ("for i in range(0, 9, x):\n    pass", "not 0"),
                           ("a = 1 < x is x", "chain"), ("a = s in s", "After `in`")]:
            self.body(line, says)
        self.alone("import math\n" + HEAD + "    a = math.sin(y)\n" + END, "Of `math`", 3)
        self.body("while x:\n    pass\nelse:\n    pass", "no `else`", at=5)

    def test_types_are_told_apart(self):
        for line, says in [("a = s + 'x'", "not calculated"), ("a = s == 1", "never equal"), ("a = x or 1", "between conditions"), ("a = x ** x", "exponent"),
                           ("a = ~y", "whole number"), ("a = 9223372036854775808", "64 bits"), ("a = s == 'a text of 17 byte'", "16 bytes"),
                           ("a = x is None", "always has a value"), ("a = x is 1", "None only"), ("a: list = 1", "Types here"), ("a = max(x, s)", "a text"), ("a = max(x, y)", "Write float(…)"),
                           ("a = x if y > 1 else y", "Write float(…)"), ("a = 0.5 if y > 1 else 1", "0.0 for 0"), ("a: float = 0", "0.0 for 0")]:
            self.body(line, says)
        self.body("a = 0.0\na = x", "Write float(…)", at=3)
        self.alone(HEAD + "    a = g(x)\n" + END + "def g(n: float) -> float:\n    return n\n", "Write float(…)", 2)
        self.alone(HEAD + END + "def g(n: float) -> float:\n    return 1\n", "0.0 for 0", 4)
        self.body("a = 0\na = a + 0.5", "Begin the variable with 0.0", at=3)

    def test_a_variable_has_a_value_before_it_is_used(self):
        self.body("if x > 1:\n    a = 1\nb = a", "may have no value", at=4)
        self.body("for i in range(x):\n    a = i\nb = a", "may have no value", at=4)
        self.body("while x > 1:\n    if y > 1:\n        break\n    a = 1\nb = a", "may have no value", at=6)
        self.body("b = i\nfor i in range(x):\n    pass", "not known")
        self.assertEqual(said(HEAD + "    if x > 1:\n        a = 1\n    elif x > 0:\n        return 'low'\n    else:\n        a = 2\n    return 'low' if a > 1 else 'high'\n"), [])
        self.assertEqual(said(HEAD + "    while True:\n        return 'low'\n    return 'low' if a > 1 else 'high'\n")[0][0], 4)

    def test_functions_are_what_the_manifest_says(self):
        self.alone("def g() -> int:\n    return 1\n", "There is no function `f(x: int, y: float, s: str)`", 1)
        self.alone("def f(x: int, s: str, y: float) -> str:\n" + END, "By the manifest", 1)
        self.alone("def f(x: int, y: float, s: str) -> int:\n    return 1\n", "`-> str`", 1)
        self.alone(HEAD + "    return 'lower'\n", "low, high", 2)
        self.alone(HEAD + "    return s\n", "low, high", 2)
        self.alone(ROW.replace("ym: int | None", "ym: int"), "row(ym: int | None)", 1, PERSON)
        self.alone(ROW.replace("def get_n", "def get_m"), "There is no function `get_n(row: int)`", 1, PERSON)
        self.alone(ROW + "def g(a: int | None) -> int:\n    return 1\n", "Only arguments of `row`", 7, PERSON)
        self.alone(ROW.replace("    return 1\ndef get", "    return get_n(0)\ndef get"), "called by the host only", 4, PERSON)
        self.alone(HEAD + END + "def g(x) -> int:\n    return 1\n", "Write the type of `x`", 3)
        self.alone(HEAD + END + "def g(x: int):\n    return 1\n", "gives back", 3)
        self.alone(HEAD + END + "def g(x: int = 1) -> int:\n    return 1\n", "without defaults", 3)

    def test_only_the_person_form_remembers(self):
        self.alone("n = 0\n" + HEAD + "    global n\n" + END, "remembers nothing", 3)
        self.alone("n = [0]\n" + ROW.replace("    pass", "    n[finish()] += 1"), "into a variable", 3, PERSON)
        self.alone("n = [0]\n" + HEAD + "    n[0] = 1\n" + END, "remembers nothing", 3)
        self.alone("n = 0\n" + ROW.replace("    pass", "    n = 1"), "`global n`", 3, PERSON)
        self.alone("n = (0, 1)\n" + ROW.replace("    pass", "    n[0] = 1"), "does not change", 3, PERSON)
        self.alone(ROW.replace("    pass", "    ym = 1"), "another name", 2, PERSON)

    def test_outside_functions_stand_values(self):
        for line, says in [("n = f(1)", "literal values"), ("n = [0] * 0", "its size"), ("n = (1, 's')", "one type"), ("n = (1, 0.5)", "1.0 for 1"), ("n: float = 0", "1.0 for 1"), ("import os", "`math`"),
                           ("for i in n:\n    pass", "(For)"), ("class A:\n    pass", "no classes"), ("a, b = 1, 2", "one name"), ("f = 1", "twice")]:
            self.alone(HEAD + END + line + "\n", says, 3)

    def test_a_file_that_is_not_python_says_where(self):
        self.alone(HEAD + "    return (\n", "not Python", 2)
        self.alone(HEAD + "    break\n", "not Python", 2)

    def test_every_function_says_its_first_fault_in_both_languages(self):
        source = HEAD + "    a = {}\n" + END + "def g() -> int:\n    return None\n"
        self.assertEqual([line for line, _ in said(source)], [2, 5])
        shown = build.translate(source, SCALAR)[1][0].show("guest.py")
        self.assertTrue(shown.startswith("guest.py:2:9: There are no dictionaries.") and "\n  辞書" in shown)


if __name__ == "__main__":
    unittest.main()
