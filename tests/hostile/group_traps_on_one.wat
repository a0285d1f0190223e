;; Traps where one person is in the group.
;;! abi = 2
;;! name = "g"
;;! form = "group"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1000, step = 1 }
;;= 4; 5 -> 2
;;= 4; 13 -> failed
;;= 7 -> 1
(module (global $n (mut i64) (i64.const 0)) (func (export "row") (param i32 i64) (if (i64.eq (local.get 1) (i64.const 13)) (then (unreachable))) (global.set $n (i64.add (global.get $n) (i64.const 1))))
  (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.convert_i64_s (global.get $n))))
