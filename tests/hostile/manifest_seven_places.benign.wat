;; The benign twin of manifest_seven_places.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1, step = 0.000001 }
;;= 0 -> 0.000000
;;= 1 -> 1.000000
;;= null -> null
(module (func (export "f") (param i64) (result f64) (f64.convert_i64_s (local.get 0))))
