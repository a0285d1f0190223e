;; The benign twin of output_flood_of_nothing.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 40
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 1 -> 0; 1
;;= 2 -> none
(module (global $n (mut i64) (i64.const 0)) (func (export "row") (param i32 i64) (global.set $n (local.get 1))) (func (export "finish") (result i32) (select (i32.const 2) (i32.const 0) (i64.eq (global.get $n) (i64.const 1))))
  (func (export "get") (param i32 i32) (result f64) (f64.convert_i32_u (local.get 0))))
