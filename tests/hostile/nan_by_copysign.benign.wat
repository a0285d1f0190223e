;; The benign twin of nan_by_copysign.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= -6 -> yes
;;= null -> null
(module (func (export "f") (param i64) (result i32) (f64.lt (f64.copysign (f64.const 1) (f64.convert_i64_s (local.get 0))) (f64.const 0))))
