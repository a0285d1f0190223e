;; Converts to an integer what none can hold.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "decimal" }]
;;! number = { low = 0, high = 1000, step = 1 }
;;= 5 -> 5
;;= 1000000000000000000000 -> null
;;= 5 -> 5
(module (func (export "f") (param f64) (result f64) (f64.convert_i64_s (i64.trunc_f64_s (local.get 0)))))
