;; The benign twin of group_traps_on_one.
;;! abi = 2
;;! name = "g"
;;! form = "group"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1000, step = 1 }
;;= 4; 5 -> 2
;;= 4; 13 -> 2
;;= 7 -> 1
(module (global $n (mut i64) (i64.const 0)) (func (export "row") (param i32 i64) (global.set $n (i64.add (global.get $n) (i64.const 1))))
  (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.convert_i64_s (global.get $n))))
