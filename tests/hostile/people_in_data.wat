;; Writes over its own constants, for the next person.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 1 -> 5
;;= 1 -> 5
;;= none -> 5
(module (memory 1 1) (data (i32.const 16) "\05") (func (export "row") (param i32 i64)) (func (export "finish") (result i32) (i32.const 1))
  (func (export "get") (param i32 i32) (result f64) (local i32) (local.set 2 (i32.load8_u (i32.const 16))) (i32.store8 (i32.const 16) (i32.const 99)) (f64.convert_i32_u (local.get 2))))
