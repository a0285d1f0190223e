;; Traps in its second row, when the first has been read.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 3
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 1 -> 0
;;= 2 -> failed
;;= 1 -> 0
(module (global $n (mut i32) (i32.const 0)) (func (export "row") (param i32 i64) (global.set $n (i32.wrap_i64 (local.get 1)))) (func (export "finish") (result i32) (global.get $n))
  (func (export "get") (param i32 i32) (result f64) (if (local.get 0) (then (unreachable))) (f64.convert_i32_u (local.get 0))))
