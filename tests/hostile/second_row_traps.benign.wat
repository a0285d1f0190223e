;; The benign twin of second_row_traps.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 3
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 1 -> 0
;;= 2 -> 0; 1
;;= none -> none
(module (global $n (mut i32) (i32.const 0)) (func (export "row") (param i32 i64) (global.set $n (i32.wrap_i64 (local.get 1)))) (func (export "finish") (result i32) (global.get $n))
  (func (export "get") (param i32 i32) (result f64) (f64.convert_i32_u (local.get 0))))
