;; The benign twin of rows_in_a_global.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (global $n (mut i64) (i64.const 5))
  (func (export "f") (param i64) (result i32) (global.set $n (i64.sub (local.get 0) (global.get $n))) (i64.gt_s (global.get $n) (i64.const 0))))
