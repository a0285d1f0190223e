;; Reads the sign of a NaN that arithmetic made.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 0 -> no
;;= 7 -> no
;;= -7 -> no
(module (func (export "f") (param i64) (result i32) (i64.lt_s (i64.reinterpret_f64 (f64.div (f64.mul (f64.convert_i64_s (local.get 0)) (f64.const 0)) (f64.const 0))) (i64.const 0))))
