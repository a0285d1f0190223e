;; A number under version 1, which had none.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1000, step = 1 }
(module (func (export "f") (param i64) (result f64) (f64.convert_i64_s (local.get 0))))
