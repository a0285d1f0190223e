;; The benign twin of group_counts_on.
;;! abi = 2
;;! name = "g"
;;! form = "group"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1000, step = 1 }
;;= 4; 5 -> 2
;;= 4 -> 1
;;= 7; 8; 9 -> 3
(module (global $n (mut f64) (f64.const 0)) (func (export "row") (param i32 i64) (global.set $n (f64.add (global.get $n) (f64.const 1))))
  (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (global.get $n)))
