;; Leaves the month of one person in memory for the next.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 7 -> 0
;;= 8 -> 0
;;= none -> 0
;;= 9; 3 -> 3
(module (memory 1 1) (func (export "row") (param i32 i64) (i64.store (i32.const 8) (i64.load (i32.const 0))) (i64.store (i32.const 0) (local.get 1)))
  (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.convert_i64_s (i64.load (i32.const 8)))))
