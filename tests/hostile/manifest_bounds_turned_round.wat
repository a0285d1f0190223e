;; The least number above the greatest.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 10, high = 0, step = 1 }
(module (func (export "f") (param i64) (result f64) (f64.convert_i64_s (local.get 0))))
