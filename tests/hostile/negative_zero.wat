;; Tells one zero from the other.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = -10, high = 10, step = 1 }
;;= 0 -> 0
;;= 5 -> 0
;;= 3 -> 0
(module (func (export "f") (param i64) (result f64) (select (f64.const -0.0) (f64.const 0.0) (i64.gt_s (local.get 0) (i64.const 4)))))
