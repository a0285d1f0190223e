;; The benign twin of converts_what_does_not_fit.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "decimal" }]
;;! number = { low = 0, high = 1000, step = 1 }
;;= 5.7 -> 5
;;= 1000000000000000000000 -> null
;;= null -> null
(module (func (export "f") (param f64) (result f64) (f64.convert_i64_s (i64.trunc_sat_f64_s (local.get 0)))))
