;; The benign twin of negative_zero.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = -10, high = 10, step = 1 }
;;= 3 -> 1
;;= 5 -> -1
;;= null -> null
(module (func (export "f") (param i64) (result f64) (select (f64.const -1.0) (f64.const 1.0) (i64.gt_s (local.get 0) (i64.const 4)))))
