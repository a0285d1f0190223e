;; Labels of a group: a word of its own for one person.
;;! abi = 2
;;! name = "g"
;;! form = "group"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (global $n (mut i64) (i64.const 0)) (func (export "row") (param i32 i64) (global.set $n (i64.add (global.get $n) (i64.const 1))))
  (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.convert_i64_s (global.get $n))))
