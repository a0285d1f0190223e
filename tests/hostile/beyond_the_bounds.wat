;; Returns numbers that are out of bounds, or none.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1000, step = 1 }
;;= 1 -> null
;;= 2 -> null
;;= 3 -> null
;;= 4 -> null
;;= 5 -> null
;;= 6 -> 1000
(module (func (export "f") (param i64) (result f64)
  (if (i64.eq (local.get 0) (i64.const 1)) (then (return (f64.const inf)))) (if (i64.eq (local.get 0) (i64.const 2)) (then (return (f64.const -inf))))
  (if (i64.eq (local.get 0) (i64.const 3)) (then (return (f64.const 1e300)))) (if (i64.eq (local.get 0) (i64.const 4)) (then (return (f64.const -1))))
  (if (i64.eq (local.get 0) (i64.const 5)) (then (return (f64.const 1000.0001)))) (f64.const 1000)))
