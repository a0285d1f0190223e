;; Returns a NaN with the value in it.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1000, step = 1 }
;;= 5 -> null
;;= 6 -> null
(module (func (export "f") (param i64) (result f64) (f64.reinterpret_i64 (i64.or (i64.const 0x7ff8000000000000) (local.get 0)))))
