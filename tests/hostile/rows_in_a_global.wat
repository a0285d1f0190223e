;; Counts rows in a global, so that a row would tell how many came before it.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 7 -> no
;;= 7 -> no
;;= 7 -> no
(module (global $n (mut i32) (i32.const 0))
  (func (export "f") (param i64) (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (i32.gt_s (global.get $n) (i32.const 1))))
