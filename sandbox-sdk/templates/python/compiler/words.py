"""What the tool says when it does not take something: where, what, and what to do, in English and Japanese."""


class Refused(Exception):
    """One thing that is not taken. `node` says where; without one it is the file as a whole."""

    def __init__(self, node, en, ja):
        super().__init__(en)
        self.line = getattr(node, "lineno", 1)
        self.column = getattr(node, "col_offset", 0) + 1
        self.en, self.ja = en, ja

    def show(self, file):
        return f"{file}:{self.line}:{self.column}: {self.en}\n  {self.ja}"


# What Python has and a guest has not, by the kind of its node: what to write instead.
INSTEAD = {
    "List": ("A list belongs outside functions, with its size: `days: list[int] = [0] * 31`.",
             "リストは関数の外で大きさを決めて作ります: `days: list[int] = [0] * 31`"),
    "Tuple": ("A tuple belongs outside functions, under a name.", "タプルは関数の外で名前をつけて作ります。"),
    "Dict": ("There are no dictionaries. Write `if` and `elif`, or two tuples with the same places.",
             "辞書は使えません。`if` と `elif`、または同じ順番の二つのタプルで書いてください。"),
    "Set": ("A set can only stand after `in`.", "集合は `in` の後でだけ使えます。"),
    "ListComp": ("There are no comprehensions. Write a `for` loop.", "内包表記は使えません。`for` で書いてください。"),
    "GeneratorExp": ("There are no generators. Write a `for` loop.", "ジェネレータは使えません。`for` で書いてください。"),
    "JoinedStr": ("Texts cannot be put together. Return one of the declared labels.",
                  "文字列は組み立てられません。宣言したラベルを返してください。"),
    "Lambda": ("There are no lambdas. Write a function with `def`.", "lambda は使えません。`def` で関数を書いてください。"),
    "Try": ("Exceptions cannot be caught: where Python would raise one, the result is NULL. Test with `if` before.",
            "例外は捕まえられません。Python が例外を出す所では結果が NULL になります。先に `if` で調べてください。"),
    "ClassDef": ("There are no classes. Write functions, and variables outside them.", "クラスは使えません。関数と、その外の変数で書いてください。"),
    "With": ("There is nothing to open: a guest has no files.", "開けるものはありません。ゲストにファイルはありません。"),
    "Match": ("There is no `match`. Write `if` and `elif`.", "`match` は使えません。`if` と `elif` で書いてください。"),
    "Delete": ("Nothing can be deleted: the host empties everything before the next person.", "削除はできません。次の人の前にすべて元に戻ります。"),
    "NamedExpr": ("There is no `:=`. Assign on a line of its own.", "`:=` は使えません。別の行で代入してください。"),
    "Yield": ("There are no generators. Keep rows in lists and return their number from `finish`.",
              "`yield` は使えません。行をリストに残し、その数を `finish` で返してください。"),
}


def not_taken(node):
    """The refusal of a node that has no translation."""
    kind = type(node).__name__
    en, ja = INSTEAD.get(kind, (f"A guest cannot use this ({kind}).", f"ゲストではこの書き方は使えません（{kind}）。"))
    return Refused(node, en, ja)


TYPES = {"int": ("a whole number", "整数"), "float": ("a float", "小数"), "bool": ("True or False", "真偽値"), "str": ("a text", "文字列")}


def mismatch(node, wanted, found):
    """A value of another type than its place takes."""
    (en, ja), (en_found, ja_found) = TYPES[wanted], TYPES[found]
    en_more, ja_more = {
        ("int", "float"): (" Begin the variable with 0.0, or write int(…) or round(…).", "変数を 0.0 で始めるか、int(…) か round(…) を使ってください。"),
        ("float", "int"): (" Write float(…), or 0.0 for 0.", "float(…) を使うか、0 なら 0.0 と書いてください。"),
    }.get((wanted, found), ("", ""))
    return Refused(node, f"Here stands {en}, and this is {en_found}.{en_more}", f"ここは{ja}の場所ですが、これは{ja_found}です。{ja_more}")
