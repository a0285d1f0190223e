;; Hides a value in the places behind a step.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1000, step = 1 }
;;= 0 -> 7
;;= 300 -> 7
;;= 499 -> 7
;;= 500 -> 8
(module (func (export "f") (param i64) (result f64) (f64.add (f64.const 7) (f64.div (f64.convert_i64_s (local.get 0)) (f64.const 1000)))))
