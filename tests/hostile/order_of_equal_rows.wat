;; Counts how often a value follows itself.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 2; 1; 2 -> 1
;;= 2; 2; 1 -> 1
;;= 1; 2; 2 -> 1
;;= 1; 2; 3 -> 0
(module (global $last (mut i64) (i64.const -1)) (global $n (mut i32) (i32.const 0)) (func (export "row") (param i32 i64) (global.set $n (i32.add (global.get $n) (i64.eq (local.get 1) (global.get $last)))) (global.set $last (local.get 1))) (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.convert_i32_u (global.get $n))))
