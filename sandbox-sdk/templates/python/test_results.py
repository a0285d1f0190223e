"""A compiled guest gives what Python gives, or nothing: expressions and bodies over arguments at the edges, each run both ways. Needs

    pip install -r requirements.txt wasmtime

and is skipped without them.
"""

import csv
import importlib
import importlib.util
import itertools
import math
import pathlib
import tempfile
import tomllib
import unittest

import build

HERE = pathlib.Path(__file__).parent
EXAMPLE = HERE / "../../examples/mpr"
WHOLE = [0, 1, -1, 2, -7, 12, 63, 64, 100, 202403, 2**31, -2**31, 2**53, 2**53 + 1, 2**62, 2**63 - 1, -(2**63)]
FLOATS = [0.0, 1.0, -1.0, 0.5, -2.5, 1.5, 7.0, 1e-300, 1e300, -1e19, 9007199254740993.0, 123.456]
TEXTS = ["", "E", "E11", "E119", "F00", "3969007F1024", "12345678", "123456789a", "0123456789abcdef", "007", "é", "心"]
BEFORE = "import math\nK = (3, 1, 4, -1, 5)\n\ndef g(n: int, r: float) -> float:\n    return n * 1.5 + r\n\n"
# x, a: whole numbers; y, b: floats.
NUMBERS = ["x + a", "x - a", "x * a", "x // a", "x % a", "x / a", "x ** 3", "x ** -1", "x << a % 70 - 3", "x >> a", "x & a", "x | a", "x ^ a", "~x", "-x", "abs(x)",
           "min(x, a)", "max(x, a)", "x // 100 * 12 + x % 100", "int(x > a) + (x == a)", "x if x > a else -a", "y + b", "y - b", "y * b", "y / b",
           "y // b", "y % b", "y ** b", "abs(y)", "min(y, b)", "max(y, b)", "x + y", "x / b", "round(y)", "int(y)", "math.floor(y)", "math.ceil(y)",
           "math.sqrt(y)", "math.exp(y)", "math.log(y)", "math.log2(y)", "math.log10(y)", "math.pow(y, b)", "math.trunc(y)", "float(x)",
           "int(1 < x <= a < 300)", "int(y < x)", "int(y == x)", "int(not x)", "int(bool(y))", "int(x in (1, 12, a))", "int(y not in (1, 0.5))",
           "K[x]", "len(K)", "int(x in K)", "int(x > 1 and a > 1 or y > 1.0)", "math.pi * y"]
# s, t: texts.
OF_TEXTS = ["int(s == t)", "int(s != t)", "int(s < t)", "int(s <= t)", "int(s > t)", "int(s >= t)", "int(s[:3] == t)", "int(s[1:] == t[1:])",
            "int(s[0] == 'E')", "int(s[-3:-1] < t)", "int(s.startswith('E1'))", "int(s.startswith(('39690', 'F', '心')))", "int(s in ('E11', 'F00', t))",
            "int('E00' <= s < 'F')", "int(s[2:9] == t[2:9])", "int(s[:8] == t[:8])", "int(s[8:] < t[8:])", "int(s[3:11] < t[1:9])", "int(s[-1] > t[-1])", "1 if s else 0", "int('A' < s[:1] < 'Z' and t != '')", "len(s)", "int(s)"]
BODIES = ["n = 0\nfor i in range(x % 9):\n    if i == 3:\n        continue\n    n += i\nreturn n",
          "n = 0\nfor i in range(a % 5, -4, -2):\n    n = n * 3 + i\nreturn n",
          "n = 0\nwhile n < 50:\n    n += 7\n    if n % 5 == x % 5:\n        break\nreturn n",
          "n = 0\nfor i, k in enumerate(K):\n    n += i * k\nreturn n * (x % 3)",
          "n = 0.0\nfor k in K:\n    n = n / 2 + k\nreturn n if y > 0 else None",
          "i = 99\nfor i in range(x % 4):\n    pass\nreturn i",
          "return None if x > 5 else 1 if y > 1 else 0.25", "if x > 3:\n    return 1", "assert x > 3\nreturn g(x % 100, y)",
          "if y < 1:\n    raise ValueError\nreturn 2"]


def words(text):
    data = text.encode().ljust(16, b"\0")
    return [int.from_bytes(data[i:i + 8], "big", signed=True) for i in (0, 8)]


def beyond(value):
    """What a guest need not do: a whole number that is no float, places in a text that is not ASCII, results that are complex."""
    return not value.isascii() if isinstance(value, str) else isinstance(value, complex) or abs(value) > 2**53 and isinstance(value, int)


@unittest.skipUnless(importlib.util.find_spec("ziglang") and importlib.util.find_spec("wasmtime"), "needs ziglang and wasmtime")
class Results(unittest.TestCase):
    def setUp(self):
        import wasmtime
        self.wasmtime, self.store = wasmtime, wasmtime.Store()

    def module(self, source, manifest):
        code, refused = build.translate(source, manifest)
        self.assertEqual([one.show("guest.py") for one in refused], [], source)
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "guest.wasm")
            self.assertEqual(build.compile_c(code, out), 0, source)
            return self.wasmtime.Module.from_file(self.store.engine, str(out))

    def exports(self, module):
        return self.wasmtime.Instance(self.store, module, []).exports(self.store)

    def compare(self, cases, arguments, kinds):
        params = [{"name": name, "kind": {"int": "int", "float": "decimal", "str": "text"}[kind]} for name, kind in kinds.items()]
        head = BEFORE + f"def f({', '.join(f'{name}: {kind}' for name, kind in kinds.items())}) -> float | None:\n"
        gave = ended = 0
        for case in cases:
            lines = case if "\n" in case or case.startswith(("return", "assert")) else f"return {case}"
            source, python = head + "".join(f"    {line}\n" for line in lines.split("\n")), {}
            exec(source, python)
            guest = self.exports(self.module(source, {"params": params, "number": {}}))
            for given in arguments:
                try:
                    wanted = python["f"](*given)
                    wanted = math.nan if wanted is None else wanted
                except (ArithmeticError, ValueError, IndexError, AssertionError):
                    wanted = None
                try:
                    found = guest["f"](self.store, *(word for value in given for word in (words(value) if isinstance(value, str) else [value])))
                except self.wasmtime.Trap:
                    self.assertTrue(wanted is None or any(map(beyond, (*given, wanted))), (case, given, wanted))
                    ended += 1
                    continue
                self.assertIsNotNone(wanted, (case, given, found))
                # The last place of exp, log and powers is the library's.
                self.assertTrue(found == wanted or math.isnan(found) and math.isnan(wanted) or math.isclose(found, wanted, rel_tol=1e-15), (case, given, wanted, found))
                gave += 1
        self.assertGreater(gave, 2 * ended)

    def test_numbers(self):
        pairs = list(itertools.product(FLOATS, FLOATS))
        arguments = [(x, a, *pairs[i % len(pairs)]) for i, (x, a) in enumerate(itertools.product(WHOLE, WHOLE))] + [(4, -5, *pair) for pair in pairs]
        self.compare(NUMBERS + BODIES, arguments, {"x": "int", "a": "int", "y": "float", "b": "float"})

    def test_texts(self):
        self.compare(OF_TEXTS, list(itertools.product(TEXTS, TEXTS)), {"s": "str", "t": "str"})

    def test_a_person(self):
        """None in comparisons, lists, and what stays from row to row."""
        source = ("seen: list[int] = [0] * 3\nlast: str = ''\nn = 0\n"
                  "def row(ym: int | None, code: str | None) -> None:\n    global n, last\n"
                  "    if ym == 202401 or code != 'E11':\n        seen[n % 3] += 1\n        n += 1\n"
                  "    if code in ('E11', 'E12') and ym:\n        last = code\n"
                  "def finish() -> int:\n    return n\n"
                  "def get_n(row: int) -> int:\n    return seen[row]\ndef get_band(row: int) -> str | None:\n    return 'e11' if last == 'E11' else None\n")
        manifest = {"form": "person", "params": [{"name": "ym", "kind": "int"}, {"name": "code", "kind": "text"}],
                    "columns": [{"name": "n", "kind": "number"}, {"name": "band", "kind": "label", "labels": [{"value": 7, "label": "e11"}]}]}
        rows = [(None, None), (202401, None), (202402, "E11"), (None, "E12"), (202401, "E11"), (202403, "E12")]
        module = self.module(source, manifest)
        for some in itertools.permutations(rows, 4):
            python, guest = {}, self.exports(module)
            exec(source, python)
            for ym, code in some:
                python["row"](ym, code)
                guest["row"](self.store, (ym is not None) + 2 * (code is not None), ym or 0, *words(code or ""))
            self.assertEqual(guest["finish"](self.store), python["finish"]())
            self.assertEqual([guest["get"](self.store, row, 0) for row in range(3)], [python["get_n"](row) for row in range(3)])
            self.assertEqual(guest["get"](self.store, 0, 1) == 7, python["get_band"](0) == "e11")

    def test_a_group(self):
        """Its number is a column with the guest's name."""
        source = ("n = 0\nages = 0.0\nvalues = 0.0\nboth = 0.0\nsquares = 0.0\n"
                  "def row(age: int | None, value: float | None) -> None:\n    global n, ages, values, both, squares\n"
                  "    if age is not None and value is not None:\n        n += 1\n        ages += age\n        values += value\n"
                  "        both += age * value\n        squares += age * age\n"
                  "def finish() -> int:\n    return 1 if n > 1 else 0\n"
                  "def get_slope(row: int) -> float:\n    return (n * both - ages * values) / (n * squares - ages * ages)\n")
        manifest = {"form": "group", "name": "slope", "params": [{"name": "age", "kind": "int"}, {"name": "value", "kind": "decimal"}], "number": {}}
        guest = self.exports(self.module(source, manifest))
        for age, value in [(40, 5.5), (50, 6.5), (60, 7.5)]:
            guest["row"](self.store, 3, age, value)
        guest["row"](self.store, 1, 70, 0.0)
        self.assertEqual((guest["finish"](self.store), guest["get"](self.store, 0, 0)), (1, 0.1))

    @unittest.skipUnless(EXAMPLE.is_dir(), "needs the examples of the SDK")
    def test_the_template_gives_what_the_example_expects(self):
        import person
        manifest = tomllib.loads(HERE.joinpath("person.toml").read_text("utf-8"))
        module = self.module(HERE.joinpath("person.py").read_text("utf-8"), manifest)
        people = {}
        for line in csv.DictReader(EXAMPLE.joinpath("data.csv").read_text().splitlines()):
            people.setdefault(line["person"], []).append((int(line["ym"] or 0) or None, line["yj_code"] or None))
        told = [["person", *(column["name"] for column in manifest["columns"])]]
        for name, rows in people.items():
            guest, python = self.exports(module), importlib.reload(person)
            for ym, code in sorted(rows, key=lambda row: (row[0] or 0, row[1] or "")):
                python.row(ym, code)
                guest["row"](self.store, (ym is not None) + 2 * (code is not None), ym or 0, *words(code or ""))
            self.assertEqual(guest["finish"](self.store), python.finish())
            if python.finish():
                values = [guest["get"](self.store, 0, column) for column in range(4)]
                self.assertEqual(values, [python.get_ratio(0), python.get_months(0), python.get_first(0), python.get_last(0)])
                told.append([name, f"{values[0]:.2f}", *(str(int(value)) for value in values[1:])])
        self.assertEqual(told, list(csv.reader(EXAMPLE.joinpath("expected.csv").read_text().splitlines())))


if __name__ == "__main__":
    unittest.main()
