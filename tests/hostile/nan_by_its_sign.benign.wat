;; The benign twin of nan_by_its_sign.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= -6 -> yes
;;= null -> null
(module (func (export "f") (param i64) (result i32) (i64.lt_s (i64.reinterpret_f64 (f64.convert_i64_s (local.get 0))) (i64.const 0))))
