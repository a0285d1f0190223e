;; The benign twin of lying_lengths.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 3
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 0 -> none
;;= 1 -> 0
;;= 3 -> 0; 1; 2
(module (global $n (mut i32) (i32.const 0)) (func (export "row") (param i32 i64) (global.set $n (i32.wrap_i64 (local.get 1)))) (func (export "finish") (result i32) (select (i32.const 3) (global.get $n) (i32.gt_s (global.get $n) (i32.const 3))))
  (func (export "get") (param i32 i32) (result f64) (f64.convert_i32_u (local.get 0))))
