;; Writes everything and traps; the next person would see it.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 1 -> 0
;;= 13 -> failed
;;= 1 -> 0
;;= 13 -> failed
;;= none -> 0
(module (memory 1 1) (global $g (mut i32) (i32.const 0))
  (func (export "row") (param i32 i64) (if (i64.eq (local.get 1) (i64.const 13)) (then (global.set $g (i32.const 9)) (i64.store (i32.const 0) (i64.const 9)) (unreachable))))
  (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.convert_i32_u (i32.add (global.get $g) (i32.load (i32.const 0))))))
