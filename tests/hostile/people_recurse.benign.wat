;; The benign twin of people_recurse.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 4 -> 4
;;= 10; 20 -> 20
;;= none -> 0
(module (global $n (mut i32) (i32.const 0))
  (func $sum (param i64) (result i32) (if (result i32) (i64.le_s (local.get 0) (i64.const 0)) (then (i32.const 0)) (else (i32.add (i32.const 1) (call $sum (i64.sub (local.get 0) (i64.const 1)))))))
  (func (export "row") (param i32 i64) (global.set $n (call $sum (local.get 1)))) (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.convert_i32_u (global.get $n))))
