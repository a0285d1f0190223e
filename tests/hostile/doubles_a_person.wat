;; Gives one person many rows, so that a count of rows would tell.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 5
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 4 -> 4
;;= 13 -> 13; 13; 13; 13; 13
;;= 5 -> 5
(module (global $n (mut i64) (i64.const 0)) (func (export "row") (param i32 i64) (global.set $n (local.get 1)))
  (func (export "finish") (result i32) (select (i32.const 5) (i32.const 1) (i64.eq (global.get $n) (i64.const 13)))) (func (export "get") (param i32 i32) (result f64) (f64.convert_i64_s (global.get $n))))
