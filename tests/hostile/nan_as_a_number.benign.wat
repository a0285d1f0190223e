;; The benign twin of nan_as_a_number.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1000, step = 1 }
;;= 5 -> 5
;;= 6 -> 6
;;= null -> null
(module (func (export "f") (param i64) (result f64) (f64.convert_i64_s (local.get 0))))
