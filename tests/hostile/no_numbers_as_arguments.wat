;; Waits for an argument that is no number.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "decimal" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= NaN -> null
;;= inf -> null
;;= -inf -> null
;;= 5 -> no
(module (func (export "f") (param f64) (result i32) (f64.ne (f64.sub (local.get 0) (local.get 0)) (f64.const 0))))
