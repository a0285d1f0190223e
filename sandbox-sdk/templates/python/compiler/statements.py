"""One function of the subset as C: its statements, its variables and their types, and where each of them has a value."""

import ast

from .calls import Calls
from .expressions import C, Value
from .words import Refused, mismatch, not_taken


class Body(Calls):
    """`known` holds the variables that have a value here; None where nothing arrives, behind a `return`."""

    def __init__(self, guest, function):
        self.guest, self.function = guest, function
        self.local = {name: kind for name, kind, _ in function.params}
        self.optional = {name for name, _, optional in function.params if optional}
        self.known, self.written, self.serial = set(self.local), set(), 0

    def fresh(self):
        self.serial += 1
        return f"t{self.serial}"

    def translate(self):
        lines = self.block(self.function.node.body)
        held = [f"    {C[kind]} v_{name} = {{0}};" for name, kind in self.local.items() if name not in [p[0] for p in self.function.params]]
        # Python gives None at the end of a function; a value is then missing where it is used.
        end = {"none": [], "number": ["    return VISITING_NONE;"], "label": [f"    return {self.function.nothing};"]}
        return held + lines + end.get(self.function.result, ["    __builtin_trap();"])

    def block(self, statements):
        lines = []
        for statement in statements:
            method = getattr(self, "do_" + type(statement).__name__, None)
            if method is None:
                raise not_taken(statement)
            lines += ["    " + line for line in method(statement)]
        return lines

    def branch(self, statements):
        """A block on its own, from what is known now; gives its lines and what is known behind it."""
        before = self.known
        lines, after = self.block(statements), self.known
        self.known = before
        return lines, after

    def do_Pass(self, node):
        return []

    def do_Global(self, node):
        for name in node.names:
            held = self.guest.held.get(name)
            if held is None:
                raise Refused(node, f"`{name}` has to begin outside the functions, with a value: `{name} = 0`.",
                              f"`{name}` は関数の外で `{name} = 0` のように始めてください。")
            self.guest.remembers(node)
            self.written.add(name)
        return []

    def do_Expr(self, node):
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return []
        if not isinstance(node.value, ast.Call):
            raise Refused(node, "This line does nothing.", "この行は何もしません。")
        return [self.of(node.value).code + ";"]

    def do_Assign(self, node):
        if len(node.targets) != 1:
            raise Refused(node, "Assign one variable on a line.", "一行で代入する変数は一つにしてください。")
        return [self.store(node.targets[0], self.plain(node.value), node.value)]

    def do_AnnAssign(self, node):
        if node.value is None or not isinstance(node.target, ast.Name):
            raise Refused(node, "Give the variable a value on this line.", "この行で変数に値を入れてください。")
        kind, optional = self.guest.kind(node.annotation)
        if optional:
            raise Refused(node, "A variable always has a value; use a number that means “none”.", "変数には必ず値が要ります。「なし」を表す数を使ってください。")
        return [self.store(node.target, Value(self.exact(node.value, self.plain(node.value), kind), kind), node.value)]

    def do_AugAssign(self, node):
        if isinstance(node.target, ast.Subscript) and any(isinstance(inner, ast.Call) for inner in ast.walk(node.target.slice)):
            raise Refused(node, "Put the place into a variable first.", "何番目かを先に変数に入れてください。")
        before = ast.copy_location(ast.Subscript(node.target.value, node.target.slice, ast.Load()) if isinstance(node.target, ast.Subscript)
                                   else ast.Name(getattr(node.target, "id", ""), ast.Load()), node.target)
        return [self.store(node.target, self.plain(ast.copy_location(ast.BinOp(before, node.op, node.value), node)), node)]

    def store(self, target, value, at):
        if value.type == "none":
            raise Refused(at, "This function gives nothing back.", "この関数は何も返しません。")
        if isinstance(target, ast.Subscript):
            return self.store_place(target, value, at)
        if not isinstance(target, ast.Name):
            raise Refused(target, "Assign one variable, or one place of a list.", "代入できるのは変数一つか、リストの要素一つです。")
        name = target.id
        if name in self.guest.held:
            if name not in self.written:
                raise Refused(target, f"`{name}` stands outside the functions: write `global {name}` first, or take another name.",
                              f"`{name}` は関数の外の変数です。先に `global {name}` と書くか、別の名前にしてください。")
            held = self.guest.held[name]
            if held.size is not None:
                raise Refused(target, "A list cannot be replaced, only its places.", "リストそのものは置き換えられません。要素ごとに代入してください。")
            return f"g_{name} = {self.exact(at, value, held.type)};"
        if name in self.optional:
            raise Refused(target, f"`{name}` is an argument that can be None: give the new value another name.",
                          f"`{name}` は None になりうる引数です。新しい値には別の名前をつけてください。")
        if name in self.guest.functions or name in ("math", "range", "enumerate") or hasattr(self, "call_" + name):
            raise Refused(target, f"`{name}` is a function: take another name.", f"`{name}` は関数です。別の名前にしてください。")
        code = self.exact(at, value, self.local.setdefault(name, value.type))
        if self.known is not None:
            self.known = self.known | {name}
        return f"v_{name} = {code};"

    def store_place(self, target, value, at):
        array = self.array(target.value)
        if array is None:
            raise Refused(target, "Places can be assigned only in lists that begin outside the functions.", "要素に代入できるのは、関数の外で始めたリストだけです。")
        if not array.list:
            raise Refused(target, "A tuple does not change; write it as a list.", "タプルは変えられません。リストにしてください。")
        self.guest.remembers(target)
        # The value first, then its place: Python's order.
        code, index, kept = self.exact(at, value, array.type), self.as_type(target.slice, "int"), self.fresh()
        return f"{{ {C[array.type]} {kept} = {code}; g_{target.value.id}[place({index}, {array.size})] = {kept}; }}"

    def do_If(self, node):
        test = self.truth(node.test)
        one, after_one = self.branch(node.body)
        other, after_other = self.branch(node.orelse)
        self.known = after_other if after_one is None else after_one if after_other is None else after_one & after_other
        return [f"if ({test}) {{", *one, "} else {", *other, "}"] if other else [f"if ({test}) {{", *one, "}"]

    def do_While(self, node):
        self.no_else(node)
        test = self.truth(node.test)
        lines, _ = self.branch(node.body)
        forever = isinstance(node.test, ast.Constant) and node.test.value and not any(isinstance(inner, ast.Break) for inner in ast.walk(node))
        if forever:
            self.known = None
        return [f"while ({test}) {{", *lines, "}"]

    def no_else(self, node):
        if node.orelse:
            raise Refused(node.orelse[0], "A loop has no `else` here.", "ループに `else` は使えません。")

    def do_For(self, node):
        self.no_else(node)
        over, k = node.iter, self.fresh()
        called = over.func.id if isinstance(over, ast.Call) and isinstance(over.func, ast.Name) else ""
        if called == "range" and 1 <= len(over.args) <= 3 and not over.keywords:
            return self.count_up(node, [self.plain(bound) for bound in over.args], k)
        counted = called == "enumerate" and len(over.args) == 1
        array, name = self.array(over.args[0] if counted else over), over.args[0].id if counted and self.array(over.args[0]) else getattr(over, "id", "")
        if array is None:
            raise Refused(over, "`for` goes through `range(…)`, or a list or tuple from outside the functions, with or without `enumerate`.",
                          "`for` で回せるのは `range(…)` と、関数の外のリストかタプル（`enumerate` も可）です。")
        place, item = Value(f"(i64){k}", "int"), Value(f"g_{name}[{k}]", array.type)
        pairs = [(node.target, item)]
        if counted:
            if not (isinstance(node.target, ast.Tuple) and len(node.target.elts) == 2):
                raise Refused(node.target, "`enumerate` gives two: `for i, x in enumerate(…)`.", "`enumerate` は `for i, x in enumerate(…)` と書きます。")
            pairs = list(zip(node.target.elts, (place, item)))
        return self.turn(node, f"for (int {k} = 0; {k} < {array.size}; {k}++) {{", pairs)

    def count_up(self, node, bounds, k):
        for bound, argument in zip(bounds, node.iter.args):
            if bound.type not in ("int", "bool"):
                raise mismatch(argument, "int", bound.type)
        start, stop = (Value("0ll", "int"), bounds[0]) if len(bounds) == 1 else bounds[:2]
        step = 1 if len(bounds) < 3 else bounds[2].literal
        if not step:
            raise Refused(node.iter, "The step of a range is a number that is not 0.", "range の間隔は 0 でない数で書いてください。")
        head = f"for (i64 {k} = {start.code}, {k}_e = {stop.code}, {k}_n = (i64)turns({k}, {k}_e, {step}ll); {k}_n; {k}_n--, {k} = (i64)((u64){k} + (u64){step}ll)) {{"
        return self.turn(node, head, [(node.target, Value(k, "int"))])

    def turn(self, node, head, pairs):
        before = self.known
        stores = ["    " + self.store(target, item, node.iter) for target, item in pairs]
        lines, _ = self.branch(node.body)
        self.known = before
        return [head, *stores, *lines, "}"]

    def do_Break(self, node):
        self.known = None
        return ["break;"]

    def do_Continue(self, node):
        self.known = None
        return ["continue;"]

    def do_Raise(self, node):
        self.known = None
        return ["__builtin_trap();"]

    def do_Assert(self, node):
        return [f"need({self.truth(node.test)});"]

    def do_Return(self, node):
        code = self.result(node, node.value)
        self.known = None
        return [f"return {code};" if code else "return;"]

    def result(self, at, node):
        """What a function gives back, as its kind of result says."""
        function = self.function
        nothing = node is None or isinstance(node, ast.Constant) and node.value is None
        if function.result == "none":
            if not nothing:
                raise Refused(at, "This function gives nothing back: write its type, `-> int`.", "この関数は何も返しません。返すなら `-> int` のように型を書いてください。")
            return ""
        if function.result not in ("number", "label"):
            if nothing:
                raise Refused(at, "A function of your own gives back a value of its type.", "自分の関数は必ずその型の値を返してください。")
            return self.exact(node, self.plain(node), function.result)
        if nothing:
            return "VISITING_NONE" if function.result == "number" else function.nothing
        if isinstance(node, ast.IfExp):
            return f"({self.truth(node.test)} ? {self.result(at, node.body)} : {self.result(at, node.orelse)})"
        if function.result == "number":
            return self.as_type(node, "float")
        if not (isinstance(node, ast.Constant) and node.value in function.labels):
            raise Refused(at, f"Return one of the labels of the manifest in quotes, or None: {', '.join(function.labels)}.",
                          f"宣言書のラベルのどれかを引用符で、または None を返してください: {'、'.join(function.labels)}")
        return str(function.labels[node.value])
