;; A million rows about each person.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1000000
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
(module (global $n (mut i32) (i32.const 0))
  (func (export "row") (param i32 i64) (global.set $n (i32.add (global.get $n) (i32.const 1))))
  (func (export "finish") (result i32) (i32.const 1))
  (func (export "get") (param i32 i32) (result f64) (f64.convert_i32_u (global.get $n))))
