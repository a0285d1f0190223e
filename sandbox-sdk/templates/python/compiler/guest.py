"""A guest's file as a whole: what stands outside its functions, what each function is for by the manifest, and the C of all of it."""

import ast
from dataclasses import dataclass, field

from .expressions import C, number, words
from .statements import Body
from .words import Refused, not_taken

KINDS = {"int": "int", "decimal": "float", "text": "str"}
ARGUMENTS = {"int": ("i64 {0}", "{0}"), "float": ("double {0}", "{0}"), "str": ("i64 {0}, i64 {0}_rest", "(text){{(u64){0}, (u64){0}_rest}}")}


@dataclass
class Held:
    """A variable outside the functions: its type, its values, and for a list or tuple its size."""

    type: str
    values: list
    size: int | None = None
    list: bool = False


@dataclass
class Function:
    node: ast.FunctionDef
    # Name, type, whether it can be None.
    params: list
    # A type, "none", or for what the host calls "number" or "label".
    result: str
    entry: bool = False
    labels: dict = field(default_factory=dict)
    # What a label's function returns for None.
    nothing: str = "VISITING_NONE"


class Guest:
    def __init__(self, tree, manifest):
        self.manifest, form = manifest, manifest.get("form", "scalar")
        # Both keep variables, and are `row`, `finish` and `get`; the number of a group is one column with the guest's name.
        self.rows = form in ("person", "group")
        self.columns = [manifest] if form == "group" else manifest["columns"] if form == "person" else []
        self.held, self.functions, self.refused, self.math = {}, {}, [], False
        for node in tree.body:
            self.attempt(self.outside, node)
        if not self.refused:
            self.attempt(self.entries, None)

    def attempt(self, act, node):
        try:
            return act(node)
        except Refused as refused:
            self.refused.append(refused)

    def remembers(self, node):
        if not self.rows:
            raise Refused(node, "A scalar guest is called for one row and remembers nothing. Only the forms person and group keep variables.",
                          "スカラー形式は一行ごとに呼ばれ、何も覚えません。変数を残せるのは person 形式と group 形式だけです。")

    def kind(self, node):
        """An annotation: the type, and whether it can be None."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and isinstance(node.right, ast.Constant) and node.right.value is None:
            return self.kind(node.left)[0], True
        if isinstance(node, ast.Constant) and node.value is None:
            return "none", False
        if isinstance(node, ast.Name) and node.id in C:
            return node.id, False
        raise Refused(node, "Types here are int, float, bool and str, with `| None` where there may be no value.",
                      "ここで使える型は int、float、bool、str です。値がないことがあれば `| None` をつけます。")

    # What stands outside the functions.

    def outside(self, node):
        if isinstance(node, ast.FunctionDef):
            if node.name in self.functions or node.name in self.held:
                raise Refused(node, f"`{node.name}` is there twice.", f"`{node.name}` が二つあります。")
            self.functions[node.name] = self.function(node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if not isinstance(target, ast.Name) or node.value is None or len(getattr(node, "targets", [0])) != 1:
                raise Refused(node, "Outside functions stands one name and its value.", "関数の外では、名前一つに値を入れます。")
            if target.id in self.held or target.id in self.functions:
                raise Refused(node, f"`{target.id}` is there twice.", f"`{target.id}` が二つあります。")
            self.held[target.id] = self.variable(node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            if not (isinstance(node, ast.Import) and [name.name for name in node.names] == ["math"] and node.names[0].asname is None):
                raise Refused(node, "A guest can import `math` and nothing else.", "import できるのは `math` だけです。")
            self.math = True
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) or self.is_main(node)):
            raise not_taken(node)

    def is_main(self, node):
        """`if __name__ == "__main__":` is for trying the file with Python, and left out."""
        return isinstance(node, ast.If) and isinstance(node.test, ast.Compare) and getattr(node.test.left, "id", "") == "__name__"

    def variable(self, node):
        value, kind = node.value, None
        if isinstance(node, ast.AnnAssign):
            asked = node.annotation
            kind = self.kind(asked.slice.elts[0] if isinstance(asked.slice, ast.Tuple) else asked.slice)[0] if isinstance(asked, ast.Subscript) else self.kind(asked)[0]
        many, times = value, 1
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult) and isinstance(value.left, (ast.List, ast.Tuple)):
            many, times = value.left, self.value(value.right)
        if isinstance(many, (ast.List, ast.Tuple)):
            values = [self.value(item) for item in many.elts] * (times if isinstance(times, int) else 0)
            if not values:
                raise Refused(node, "A list has its size from the beginning: `[0] * 31`.", "リストは最初から大きさを決めます: `[0] * 31`")
            return self.typed(node, Held(kind, values, len(values), isinstance(many, ast.List)))
        return self.typed(node, Held(kind, [self.value(value)]))

    def typed(self, node, held):
        kinds = {type(value).__name__ for value in held.values}
        held.type = held.type or min(kinds)
        if kinds != {held.type}:
            raise Refused(node, "All values are of one type; of floats, 1.0 for 1.", "値はすべて同じ型にしてください。小数なら 1 は 1.0 と書きます。")
        return held

    def value(self, node):
        """A value that is known before anything runs."""
        if isinstance(node, ast.Constant) and type(node.value).__name__ in C:
            if isinstance(node.value, str):
                words(node, node.value)
            found = node.value
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and type(number := self.value(node.operand)) in (int, float):
            found = -number
        elif isinstance(node, ast.Name) and node.id in self.held and self.held[node.id].size is None:
            found = self.held[node.id].values[0]
        else:
            raise Refused(node, "Outside functions stand literal values: 0, 0.5, True, \"E11\", (1, 2), [0] * 31.",
                          "関数の外に書けるのは決まった値だけです: 0, 0.5, True, \"E11\", (1, 2), [0] * 31")
        if isinstance(found, int) and not -2**63 < found < 2**63:
            raise Refused(node, "A whole number has 64 bits at most.", "整数は 64 ビットまでです。")
        return found

    def function(self, node):
        given = node.args
        if node.decorator_list or given.defaults or given.kwonlyargs or given.vararg or given.kwarg or given.posonlyargs:
            raise Refused(node, "A function has plain arguments only, without defaults, stars or decorators.",
                          "関数の引数は単純なものだけです。既定値、*、デコレータは使えません。")
        for argument in given.args:
            if argument.annotation is None:
                raise Refused(argument, f"Write the type of `{argument.arg}`: `{argument.arg}: int`.", f"`{argument.arg}` の型を書いてください: `{argument.arg}: int`")
        if node.returns is None:
            raise Refused(node, f"Write what `{node.name}` gives back: `-> int`, or `-> None`.", f"`{node.name}` が返す型を書いてください: `-> int` または `-> None`")
        return Function(node, [(a.arg, *self.kind(a.annotation)) for a in given.args], self.kind(node.returns)[0])

    # What the manifest says of the functions that the host calls.

    def entries(self, _):
        declared = [(param["name"], KINDS[param["kind"]]) for param in self.manifest["params"]]
        if not self.rows:
            self.entry(self.manifest.get("export", "f"), declared, self.manifest)
        else:
            self.entry("row", declared, None)
            self.entry("finish", [], None)
            for column in self.columns:
                self.entry("get_" + column["name"], [("row", "int")], column)
        for name, function in self.functions.items():
            if not function.entry and any(optional for *_, optional in function.params):
                raise Refused(function.node, "Only arguments of `row` can be None: ask with `is None` there.",
                              "None になりうるのは `row` の引数だけです。そこで `is None` で調べてください。")

    def entry(self, name, declared, result):
        function = self.functions.get(name)
        say = ", ".join(f"{param}: {kind}{' | None' if name == 'row' else ''}" for param, kind in declared)
        if function is None:
            raise Refused(None, f"There is no function `{name}({say})`; the manifest asks for it.", f"宣言書にある関数 `{name}({say})` がありません。")
        if function.params != [(param, kind, name == "row") for param, kind in declared]:
            raise Refused(function.node, f"By the manifest this is `{name}({say})`.", f"宣言書では `{name}({say})` です。")
        function.entry = True
        if result is None:
            wanted = {"row": "none", "finish": "int"}[name]
            if function.result != wanted:
                raise Refused(function.node, f"`{name}` has `-> {'None' if wanted == 'none' else wanted}`.", f"`{name}` は `-> {'None' if wanted == 'none' else wanted}` です。")
            return
        labels = {label["label"]: label["value"] for label in result.get("labels", [])}
        takes = ("str",) if labels else ("int",) if result.get("kind") == "month" else ("int", "float")
        if function.result not in takes:
            raise Refused(function.node, f"By the manifest `{name}` has `-> {takes[0]}`, with `| None` where there may be no value.",
                          f"宣言書では `{name}` は `-> {takes[0]}`（値がないことがあれば `| None`）です。")
        function.result, function.labels = "label" if labels else "number", labels
        if not self.rows and labels:
            function.nothing = str(next(n for n in range(len(labels) + 1) if n not in labels.values()))

    # The C.

    def translate(self):
        """All of the C, or nothing where something is refused."""
        if self.refused:
            return None
        bodies = {name: self.attempt(self.body, function) for name, function in self.functions.items()}
        if self.refused:
            return None
        heads = {name: self.head(name, function) for name, function in self.functions.items()}
        held = [self.start(name, held) for name, held in self.held.items()]
        written = [f"{heads[name]} {{\n" + "\n".join(lines) + "\n}" for name, lines in bodies.items()]
        return "\n".join(['#include "runtime.h"', *held, *(head + ";" for head in heads.values()), *written, *self.exports(), ""])

    def body(self, function):
        return Body(self, function).translate()

    def head(self, name, function):
        params = [f"{C[kind]} v_{param}" + (f", int has_{param}" if optional else "") for param, kind, optional in function.params]
        label = "double" if self.rows else "int"
        return f"static {dict(C, none='void', number='double', label=label)[function.result]} f_{name}({', '.join(params) or 'void'})"

    def start(self, name, held):
        def code(value):
            if isinstance(value, str):
                first, second = words(None, value)[0]
                return f"{{{first:#x}ull, {second:#x}ull}}"
            return number(value)

        values = "{" + ", ".join(map(code, held.values)) + "}" if held.size is not None or held.type != "str" else code(held.values[0])
        return f"static {C[held.type]} g_{name}{'' if held.size is None else f'[{held.size}]'} = {values};"

    def exports(self):
        params = [(f"a{i}", KINDS[param["kind"]]) for i, param in enumerate(self.manifest["params"])]
        typed = ", ".join(ARGUMENTS[kind][0].format(name) for name, kind in params)
        given = [ARGUMENTS[kind][1].format(name) for name, kind in params]
        if not self.rows:
            name = self.manifest.get("export", "f")
            result = "int" if self.functions[name].result == "label" else "double"
            return [f'VISITING_EXPORT("{name}") {result} visiting_call({typed}) {{ return f_{name}({", ".join(given)}); }}']
        row = ", ".join(f"{value}, VISITING_HAS(present, {i})" for i, value in enumerate(given))
        cases = " ".join(f"case {i}: return f_get_{column['name']}(row);" for i, column in enumerate(self.columns))
        return [f'VISITING_EXPORT("row") void visiting_row(int present, {typed}) {{ f_row({row}); }}',
                'VISITING_EXPORT("finish") int visiting_finish(void) { i64 n = f_finish(); return n < 0 ? 0 : n > 0x7fffffff ? 0x7fffffff : (int)n; }',
                f'VISITING_EXPORT("get") double visiting_get(int row, int column) {{ switch (column) {{ {cases} }} return VISITING_NONE; }}']
