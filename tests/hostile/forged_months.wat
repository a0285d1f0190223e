;; Months that do not exist.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "m", kind = "month" }]
;;= 1 -> null
;;= 2 -> null
;;= 3 -> null
;;= 4 -> null
;;= 5 -> null
;;= 6 -> null
;;= 7 -> 202401
(module (global $n (mut i64) (i64.const 0)) (func (export "row") (param i32 i64) (global.set $n (local.get 1))) (func (export "finish") (result i32) (i32.const 1))
  (func (export "get") (param i32 i32) (result f64) (if (i64.eq (global.get $n) (i64.const 1)) (then (return (f64.const 202413)))) (if (i64.eq (global.get $n) (i64.const 2)) (then (return (f64.const 202400)))) (if (i64.eq (global.get $n) (i64.const 3)) (then (return (f64.const 0)))) (if (i64.eq (global.get $n) (i64.const 4)) (then (return (f64.const 99999999)))) (if (i64.eq (global.get $n) (i64.const 5)) (then (return (f64.const 202401.5)))) (if (i64.eq (global.get $n) (i64.const 6)) (then (return (f64.const -202401)))) (f64.const 202401)))
