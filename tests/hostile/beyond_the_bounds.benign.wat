;; The benign twin of beyond_the_bounds.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1000, step = 1 }
;;= 0 -> 0
;;= 1000 -> 1000
;;= 1001 -> null
;;= null -> null
(module (func (export "f") (param i64) (result f64) (f64.convert_i64_s (local.get 0))))
