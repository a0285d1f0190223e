;; Reads the sign of a zero that it was given.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "decimal" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 0 -> no
;;= -0 -> no
;;= -1 -> yes
(module (func (export "f") (param f64) (result i32) (i64.lt_s (i64.reinterpret_f64 (local.get 0)) (i64.const 0))))
