;; The benign twin of manifest_bounds_turned_round.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 10, step = 1 }
;;= 5 -> 5
;;= null -> null
(module (func (export "f") (param i64) (result f64) (f64.convert_i64_s (local.get 0))))
