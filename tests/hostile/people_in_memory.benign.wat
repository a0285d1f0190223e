;; The benign twin of people_in_memory.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 7 -> 7
;;= 9; 3 -> 12
;;= none -> 0
(module (memory 1 1) (func (export "row") (param i32 i64) (i64.store (i32.const 0) (i64.add (i64.load (i32.const 0)) (local.get 1))))
  (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.convert_i64_s (i64.load (i32.const 0)))))
