"""Calls: own functions, a few of Python's, `math`, and the beginning of a text."""

import ast

from .expressions import MATH, Expressions, Value, words
from .words import Refused, mismatch

TAKEN = "abs bool float int len max min range round"


class Calls(Expressions):
    def of_Call(self, node):
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise Refused(node, "Arguments are given by place, without names or stars.", "引数は名前や * を使わず、順番に書いてください。")
        if isinstance(node.func, ast.Attribute):
            return self.method(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        hidden = name in self.local or name in self.guest.held
        own = None if hidden else self.guest.functions.get(name)
        if own is not None:
            return self.own(node, name, own)
        method = None if hidden else getattr(self, "call_" + name, None)
        if method is None:
            raise Refused(node, f"`{name}` cannot be called. There are your own functions, {', '.join(TAKEN.split())}, and parts of `math`.",
                          f"`{name}` は呼び出せません。使えるのは自分の関数と {'、'.join(TAKEN.split())}、`math` の一部です。")
        return method(node)

    def own(self, node, name, function):
        if function.entry:
            raise Refused(node, f"`{name}` is called by the host only. Put what both need into a function of its own.",
                          f"`{name}` を呼ぶのはホストだけです。共通の計算は別の関数にしてください。")
        if len(node.args) != len(function.params):
            raise Refused(node, f"`{name}` takes {len(function.params)} arguments.", f"`{name}` の引数は {len(function.params)} 個です。")
        given = [self.exact(argument, self.plain(argument), kind) for argument, (_, kind, _) in zip(node.args, function.params)]
        return Value(f"f_{name}({', '.join(given)})", function.result)

    def count(self, node, least, most):
        if not least <= len(node.args) <= most:
            raise Refused(node, f"This takes {least}{'' if most == least else ' or more'} arguments here.",
                          f"ここでの引数は {least} 個{'' if most == least else '以上'}です。")

    def numbers(self, node):
        """Arguments that are numbers of one type."""
        values = [self.plain(argument) for argument in node.args]
        kinds = [value.type for value in values]
        if "str" in kinds:
            raise mismatch(node.args[kinds.index("str")], "float", "str")
        kind = "float" if "float" in kinds else "int"
        return kind, [self.exact(argument, value, kind) for argument, value in zip(node.args, values)]

    def call_abs(self, node):
        self.count(node, 1, 1)
        kind, (code,) = self.numbers(node)
        return Value(f"__builtin_fabs({code})" if kind == "float" else f"abs_int({code})", kind)

    def least_or_most(self, node, name):
        self.count(node, 2, 16)
        kind, (code, *more) = self.numbers(node)
        for other in more:
            code = f"{name}_{kind}({code}, {other})"
        return Value(code, kind)

    def call_min(self, node):
        return self.least_or_most(node, "min")

    def call_max(self, node):
        return self.least_or_most(node, "max")

    def call_int(self, node):
        self.count(node, 1, 1)
        value = self.plain(node.args[0])
        way = {"float": "to_int({})", "str": "digits({})"}.get(value.type, "((i64){})")
        return Value(way.format(value.code), "int")

    def call_float(self, node):
        self.count(node, 1, 1)
        return Value(self.as_type(node.args[0], "float"), "float")

    def call_bool(self, node):
        self.count(node, 1, 1)
        return Value(self.truth(node.args[0]), "bool")

    def call_round(self, node):
        if len(node.args) != 1:
            raise Refused(node, "`round` gives a whole number here. Decimals are the host's: it rounds to the declared step.",
                          "`round` はここでは整数にするだけです。小数の桁はホストが宣言した刻みに丸めます。")
        value = self.plain(node.args[0])
        return Value(f"to_int(__builtin_rint({value.code}))", "int") if value.type == "float" else Value(self.convert(node.args[0], value, "int"), "int")

    def call_len(self, node):
        self.count(node, 1, 1)
        array = self.array(node.args[0])
        return Value(f"{array.size}ll", "int", literal=array.size) if array else Value(f"length({self.as_type(node.args[0], 'str')})", "int")

    def method(self, node):
        of, name = node.func.value, node.func.attr
        if self.is_math(of):
            if name == "pow" and len(node.args) == 2:
                return Value(f"power_float({self.as_type(node.args[0], 'float')}, {self.as_type(node.args[1], 'float')})", "float")
            if name not in MATH or len(node.args) != 1:
                raise Refused(node, f"Of `math` there are {', '.join(MATH)} of one number, pow, pi, e, inf and nan.",
                              f"`math` で使えるのは引数一つの {'、'.join(MATH)} と pow、pi、e、inf、nan です。")
            code, kind = MATH[name]
            return Value(f"{code}({self.as_type(node.args[0], 'float')}){')' * code.count('(')}", kind)
        if isinstance(of, ast.Name) and of.id == "math":
            raise Refused(node, "Write `import math` at the top.", "先頭に `import math` と書いてください。")
        if name != "startswith" or len(node.args) != 1:
            raise Refused(node, f"`.{name}` is not known here. Of texts there are startswith, comparisons, `in`, len, [i] and [i:j].",
                          f"`.{name}` は使えません。文字列では startswith、比較、`in`、len、[i]、[i:j] が使えます。")
        options = node.args[0].elts if isinstance(node.args[0], ast.Tuple) else [node.args[0]]
        tests, a = [], self.fresh()
        for option in options:
            if not (isinstance(option, ast.Constant) and isinstance(option.value, str)):
                raise Refused(option, "`startswith` takes texts in quotes here.", "`startswith` には引用符の中の文字列を書いてください。")
            (first, second), (mask, rest) = words(option, option.value)
            tests.append(f"(({a}.a & {mask:#x}ull) == {first:#x}ull && ({a}.b & {rest:#x}ull) == {second:#x}ull)")
        return Value(f"({{ text {a} = {self.as_type(of, 'str')}; {' || '.join(tests) or '0'}; }})", "bool")
