;; Tells which row came first, which the loading order would decide.
;;! abi = 2
;;! name = "g"
;;! form = "group"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1000, step = 1 }
;;= 4; 5 -> 4
;;= 5; 4 -> 4
;;= 9; 3; 7 -> 3
(module (global $f (mut i64) (i64.const -1)) (func (export "row") (param i32 i64) (if (i64.lt_s (global.get $f) (i64.const 0)) (then (global.set $f (local.get 1)))))
  (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.convert_i64_s (global.get $f))))
