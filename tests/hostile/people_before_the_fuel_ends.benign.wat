;; The benign twin of people_before_the_fuel_ends.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 1 -> 1000
;;= 1; 2 -> 1000
;;= none -> 0
(module (memory 1 1)
  (func (export "row") (param i32 i64) (local i32) (loop (local.set 2 (i32.add (local.get 2) (i32.const 1))) (br_if 0 (i32.lt_u (local.get 2) (i32.const 1000)))) (i32.store (i32.const 0) (local.get 2)))
  (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.convert_i32_u (i32.load (i32.const 0)))))
