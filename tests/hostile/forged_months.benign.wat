;; The benign twin of forged_months.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "m", kind = "month" }]
;;= 202401 -> 202401
;;= 202412 -> 202412
;;= none -> null
(module (global $n (mut i64) (i64.const 0)) (func (export "row") (param i32 i64) (global.set $n (local.get 1))) (func (export "finish") (result i32) (i32.const 1))
  (func (export "get") (param i32 i32) (result f64) (f64.convert_i64_s (global.get $n))))
