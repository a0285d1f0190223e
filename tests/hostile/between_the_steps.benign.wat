;; The benign twin of between_the_steps.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 10, step = 0.001 }
;;= 0 -> 7.000
;;= 300 -> 7.300
;;= 499 -> 7.499
;;= null -> null
(module (func (export "f") (param i64) (result f64) (f64.add (f64.const 7) (f64.div (f64.convert_i64_s (local.get 0)) (f64.const 1000)))))
