;; A number of seven places.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1, step = 0.0000001 }
(module (func (export "f") (param i64) (result f64) (f64.convert_i64_s (local.get 0))))
