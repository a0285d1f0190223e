;; The benign twin of sign_of_a_zero.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "decimal" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 0 -> no
;;= -0 -> no
;;= -1 -> yes
;;= null -> null
(module (func (export "f") (param f64) (result i32) (f64.lt (local.get 0) (f64.const 0))))
