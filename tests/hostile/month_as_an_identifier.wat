;; Months of the years 1000 to 9999 as four more digits to say.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "m", kind = "month" }]
;;= 1 -> 100001
;;= 2 -> 999912
;;= 3 -> null
;;= 4 -> null
(module (global $n (mut i64) (i64.const 0)) (func (export "row") (param i32 i64) (global.set $n (local.get 1))) (func (export "finish") (result i32) (i32.const 1))
  (func (export "get") (param i32 i32) (result f64) (if (i64.eq (global.get $n) (i64.const 1)) (then (return (f64.const 100001)))) (if (i64.eq (global.get $n) (i64.const 2)) (then (return (f64.const 999912)))) (if (i64.eq (global.get $n) (i64.const 3)) (then (return (f64.const 99912)))) (f64.const 1000001)))
