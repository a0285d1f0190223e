;; Takes an empty argument for a value.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= null -> 0
;;= 5 -> 5
;;= null; 5 -> 5
;;= none -> 0
(module (global $n (mut i64) (i64.const 0)) (func (export "row") (param i32 i64) (global.set $n (i64.add (global.get $n) (local.get 1)))) (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.convert_i64_s (global.get $n))))
