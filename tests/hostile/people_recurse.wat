;; Recurses for ever for one person.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 4 -> 1
;;= 13 -> failed
;;= 4 -> 1
(module (global $n (mut i32) (i32.const 0)) (func $deep (param i64) (result i64) (i64.add (call $deep (local.get 0)) (i64.const 1)))
  (func (export "row") (param i32 i64) (if (i64.eq (local.get 1) (i64.const 13)) (then (drop (call $deep (local.get 1))))) (global.set $n (i32.add (global.get $n) (i32.const 1))))
  (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.convert_i32_u (global.get $n))))
