;; Bounds that are no multiples of the step.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0.5, high = 10.5, step = 1 }
(module (func (export "f") (param i64) (result f64) (f64.convert_i64_s (local.get 0))))
