"""Expressions of the subset as C, each with its type. The checks that make them mean what Python means are in runtime.h."""

import ast
from dataclasses import dataclass

from .words import Refused, mismatch, not_taken

C = {"int": "i64", "float": "double", "bool": "int", "str": "text"}
WHOLE = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.FloorDiv: "floordiv", ast.Mod: "modulo", ast.LShift: "left", ast.RShift: "right"}
BITS = {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"}
FLOAT = {ast.Add: "({} + {})", ast.Sub: "({} - {})", ast.Mult: "({} * {})", ast.Div: "divide({}, {})", ast.FloorDiv: "floordiv_float({}, {})",
         ast.Mod: "modulo_float({}, {})", ast.Pow: "power_float({}, {})"}
ORDER = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
# Functions of `math` of one float: the C, and what comes out.
MATH = {"sqrt": ("sqrt_float", "float"), "exp": ("exp_float", "float"), "log": ("log_float", "float"), "log2": ("log2_float", "float"),
        "log10": ("log10_float", "float"), "fabs": ("__builtin_fabs", "float"), "floor": ("to_int(__builtin_floor", "int"),
        "ceil": ("to_int(__builtin_ceil", "int"), "trunc": ("to_int(", "int"), "isnan": ("__builtin_isnan", "bool"),
        "isfinite": ("__builtin_isfinite", "bool")}
CONSTANTS = {"pi": "0x1.921fb54442d18p+1", "e": "0x1.5bf0a8b145769p+1", "inf": "__builtin_inf()", "nan": "VISITING_NONE"}


@dataclass
class Value:
    """C that gives a value of `type`. Where `has` is not empty, it is C that says whether there is a value at all."""

    code: str
    type: str
    has: str = ""
    # The number of a whole-number literal.
    literal: int | None = None


def words(node, string):
    """A literal text as its two words, and the mask of its bytes."""
    data = string.encode()
    if len(data) > 16 or 0 in data:
        raise Refused(node, "A text has at most 16 bytes, none of them zero: no column holds this.",
                      "文字列は 16 バイトまでで、ゼロのバイトを含められません。これと同じ値の列はありません。")
    pair = lambda bytes_: [int.from_bytes(bytes_.ljust(16, b"\0")[i:i + 8], "big") for i in (0, 8)]
    return pair(data), pair(b"\xff" * len(data))


def number(value):
    """A literal of C."""
    if isinstance(value, float):
        return value.hex() if abs(value) != float("inf") else f"{'-' if value < 0 else ''}__builtin_inf()"
    return f"{value}ll" if type(value) is int else str(int(value))


class Expressions:
    """Names come from the function around: `self.local` (types), `self.guest` (what stands outside functions)."""

    def of(self, node):
        method = getattr(self, "of_" + type(node).__name__, None)
        if method is None:
            raise not_taken(node)
        return method(node)

    def plain(self, node):
        """A value that is there: None where one is needed ends the call, as Python's TypeError would."""
        value = self.of(node)
        return Value(f"(need({value.has}), {value.code})", value.type) if value.has else value

    def as_type(self, node, wanted):
        return self.convert(node, self.plain(node), wanted)

    def convert(self, node, value, wanted):
        if value.type == wanted or (value.type, wanted) == ("bool", "int"):
            return value.code
        if wanted == "float" and value.type in ("int", "bool"):
            return f"to_float({value.code})"
        raise mismatch(node, wanted, value.type)

    def exact(self, node, value, wanted):
        """For what Python does not turn into a float either: it would go on as a whole number, exact without end."""
        if wanted == "float" and value.type != "float":
            raise mismatch(node, wanted, "int")
        return self.convert(node, value, wanted)

    def truth(self, node):
        """A condition: 0, 0.0, "" and None are false."""
        if isinstance(node, ast.BoolOp):
            return "(" + self.joint(node).join(map(self.truth, node.values)) + ")"
        return self.holds(self.of(node))

    def holds(self, value):
        code = f"({value.code}.a != 0)" if value.type == "str" else value.code if value.type == "bool" else f"({value.code} != 0)"
        return f"({value.has} && {code})" if value.has else code

    def joint(self, node):
        return " && " if isinstance(node.op, ast.And) else " || "

    def of_Constant(self, node):
        value = node.value
        if isinstance(value, bool):
            return Value(number(value), "bool")
        if isinstance(value, int):
            if value > 2**63 - 1:
                raise Refused(node, "A whole number has 64 bits at most.", "整数は 64 ビットまでです。")
            return Value(number(value), "int", literal=value)
        if isinstance(value, float):
            return Value(number(value), "float")
        if isinstance(value, str):
            first, second = words(node, value)[0]
            return Value(f"((text){{{first:#x}ull, {second:#x}ull}})", "str")
        if value is None:
            raise Refused(node, "None can be returned from f and get_…, and asked for with `is None`; no variable holds it.",
                          "None は f と get_… から返すことと `is None` で調べることだけができます。変数には入りません。")
        raise not_taken(node)

    def of_Name(self, node):
        if node.id in self.local:
            if self.known is not None and node.id not in self.known:
                raise Refused(node, f"`{node.id}` may have no value yet here. Give it one before the `if` or the loop.",
                              f"`{node.id}` にはここでまだ値がないことがあります。`if` やループの前に値を入れてください。")
            return Value(f"v_{node.id}", self.local[node.id], f"has_{node.id}" if node.id in self.optional else "")
        held = self.guest.held.get(node.id)
        if held is None:
            raise Refused(node, f"`{node.id}` is not known here. A guest can use its arguments, its own variables and functions, and `math`.",
                          f"`{node.id}` はここでは使えません。使えるのは引数、自分の変数と関数、`math` です。")
        if held.size is not None:
            raise Refused(node, f"`{node.id}` is a list or tuple: take one place of it, its `len`, or go through it with `for`.",
                          f"`{node.id}` はリストかタプルです。一つの要素、`len`、`for` で使ってください。")
        return Value(f"g_{node.id}", held.type)

    def of_UnaryOp(self, node):
        if isinstance(node.op, ast.Not):
            return Value(f"(!{self.truth(node.operand)})", "bool")
        value = self.plain(node.operand)
        if value.type == "str":
            raise mismatch(node, "int", "str")
        if value.type == "float":
            if isinstance(node.op, ast.Invert):
                raise mismatch(node, "int", "float")
            return Value(f"(-{value.code})" if isinstance(node.op, ast.USub) else value.code, "float")
        if isinstance(node.op, ast.USub):
            return Value(f"sub(0, {value.code})", "int", literal=None if value.literal is None else -value.literal)
        return Value(f"(~(i64){value.code})" if isinstance(node.op, ast.Invert) else f"((i64){value.code})", "int")

    def of_BinOp(self, node):
        left, right, op = self.plain(node.left), self.plain(node.right), type(node.op)
        for side, value in ((node.left, left), (node.right, right)):
            if value.type == "str":
                raise Refused(side, "Texts can be compared and cut, not calculated with.", "文字列は比べることと切り取ることだけができます。計算はできません。")
        if op in BITS and "float" not in (left.type, right.type):
            return Value(f"({left.code} {BITS[op]} {right.code})", "bool" if left.type == right.type == "bool" else "int")
        whole = "float" not in (left.type, right.type)
        if op is ast.Pow and whole and not (right.literal is not None and right.literal < 0):
            if right.literal is None:
                raise Refused(node, "Whether this is a whole number depends on the exponent's sign. Write float(x) ** y, or a number as exponent.",
                              "指数の符号によって整数か小数かが変わります。float(x) ** y とするか、指数を数で書いてください。")
            return Value(f"power({left.code}, {right.code})", "int")
        if whole and op in WHOLE:
            return Value(f"{WHOLE[op]}({left.code}, {right.code})", "int")
        if op not in FLOAT:
            raise not_taken(node) if whole else mismatch(node, "int", "float")
        return Value(FLOAT[op].format(self.convert(node.left, left, "float"), self.convert(node.right, right, "float")), "float")

    def of_BoolOp(self, node):
        values = [self.of(value) for value in node.values]
        for side, value in zip(node.values, values):
            if value.type != "bool":
                raise Refused(side, "`and` and `or` are taken between conditions. For a value write `x if … else y`.",
                              "`and` と `or` は条件の間でだけ使えます。値を選ぶには `x if … else y` と書いてください。")
        return Value("(" + self.joint(node).join(map(self.holds, values)) + ")", "bool")

    def of_IfExp(self, node):
        one, other = self.plain(node.body), self.plain(node.orelse)
        kind = other.type if one.type == "bool" or other.type == "float" else one.type
        return Value(f"({self.truth(node.test)} ? {self.exact(node.body, one, kind)} : {self.exact(node.orelse, other, kind)})", kind)

    def of_Compare(self, node):
        if len(node.ops) == 1 and isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            return self.is_none(node)
        if len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            found = self.contained(node)
            return Value(found if isinstance(node.ops[0], ast.In) else f"(!{found})", "bool")
        return Value(self.chain(node, self.of(node.left), list(zip(node.ops, node.comparators))), "bool")

    def chain(self, node, left, rest):
        """Each operand once, from the left, and no further than the first comparison that does not hold."""
        (op, side), *more = rest
        right, a, b = self.of(side), self.fresh(), self.fresh()
        held = f"{C[left.type]} {a} = {left.code}; {C[right.type]} {b} = {right.code}; "
        code = self.comparison(node, op, Value(a, left.type, left.has), Value(b, right.type, right.has))
        if more:
            code += f" && {self.chain(node, Value(b, right.type, right.has), more)}"
        return f"({{ {held}{code}; }})"

    def comparison(self, node, op, left, right):
        if type(op) not in ORDER:
            raise Refused(node, "`in` and `is` cannot stand in a chain of comparisons.", "`in` と `is` は比較を続けて書く中では使えません。")
        if (left.type == "str") != (right.type == "str"):
            raise Refused(node, "A text and a number are never equal. Compare values of one type.", "文字列と数は等しくなりません。同じ型の値を比べてください。")
        sign = ORDER[type(op)]
        if left.type == "str":
            same, order = f"same({left.code}, {right.code})", [left.code, right.code] if sign in ("<", ">=") else [right.code, left.code]
            code = {"==": same, "!=": f"!{same}"}.get(sign) or f"{'!' if '=' in sign else ''}before({', '.join(order)})"
        else:
            sides = [f"to_float({v.code})" if v.type != "float" and "float" in (left.type, right.type) else v.code for v in (left, right)]
            code = f"({sides[0]} {sign} {sides[1]})"
        has = [value.has for value in (left, right) if value.has]
        if not has:
            return code
        if sign not in ("==", "!="):
            return f"(need({' && '.join(has)}), {code})"
        # Two that are None are equal; one that is differs from every value.
        lacking = {"==": "0", "!=": "1"}[sign] if len(has) == 1 else f"({has[0]} {sign} {has[1]})"
        return f"({' && '.join(has)} ? {code} : {lacking})"

    def is_none(self, node):
        asked = node.comparators[0]
        if not (isinstance(asked, ast.Constant) and asked.value is None):
            raise Refused(node, "`is` asks for None only. Compare with `==`.", "`is` は None を調べるときだけ使えます。`==` で比べてください。")
        value = self.of(node.left)
        if not value.has:
            raise Refused(node, "This always has a value: only the arguments of `row` can be None.", "これには必ず値があります。None になりうるのは `row` の引数だけです。")
        return Value(f"(!{value.has})" if isinstance(node.ops[0], ast.Is) else value.has, "bool")

    def contained(self, node):
        left, asked, a = self.of(node.left), node.comparators[0], self.fresh()
        held, value = f"{C[left.type]} {a} = {left.code}; ", Value(a, left.type, left.has)
        if left.type == "float":
            # Python finds a NaN where it is the same object.
            held += f"need({a} == {a}); "
        if isinstance(asked, (ast.Tuple, ast.List, ast.Set)) and asked.elts:
            tests = [self.comparison(node, ast.Eq(), value, self.of(item)) for item in asked.elts]
            return f"({{ {held}{' || '.join(tests)}; }})"
        array = self.array(asked)
        if array is None:
            raise Refused(asked, "After `in` stands a list of values in brackets, or a list or tuple from outside the functions.",
                          "`in` の後には、括弧の中に並べた値か、関数の外のリストかタプルを書きます。")
        test = self.comparison(node, ast.Eq(), value, Value(f"g_{asked.id}[{a}_i]", array.type))
        return f"({{ {held}int {a}_r = 0; for (int {a}_i = 0; {a}_i < {array.size} && !{a}_r; {a}_i++) {a}_r = {test}; {a}_r; }})"

    def array(self, node):
        held = self.guest.held.get(node.id) if isinstance(node, ast.Name) and node.id not in self.local else None
        return held if held is not None and held.size is not None else None

    def of_Subscript(self, node):
        array = self.array(node.value)
        if array is not None:
            if isinstance(node.slice, ast.Slice):
                raise Refused(node, "Lists and tuples cannot be cut. Go through the places with `for`.", "リストとタプルは切り取れません。`for` で順に見てください。")
            return Value(f"g_{node.value.id}[place({self.as_type(node.slice, 'int')}, {array.size})]", array.type)
        string = self.as_type(node.value, "str")
        if not isinstance(node.slice, ast.Slice):
            return Value(f"letter({string}, {self.as_type(node.slice, 'int')})", "str")
        if node.slice.step is not None:
            raise Refused(node, "A text is cut without a step.", "文字列を切り取るときに間隔は使えません。")
        bound = lambda side, otherwise: otherwise if side is None else self.as_type(side, "int")
        return Value(f"slice({string}, {bound(node.slice.lower, '0')}, {bound(node.slice.upper, 'MOST')})", "str")

    def is_math(self, node):
        return isinstance(node, ast.Name) and node.id == "math" and self.guest.math and "math" not in self.local

    def of_Attribute(self, node):
        if self.is_math(node.value) and node.attr in CONSTANTS:
            return Value(CONSTANTS[node.attr], "float")
        raise Refused(node, f"`.{node.attr}` is not known here (of `math`, after `import math`: pi, e, inf, nan).",
                      f"`.{node.attr}` は使えません（`import math` の後の math では pi、e、inf、nan）。")
