;; The benign twin of no_numbers_as_arguments.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "decimal" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= NaN -> null
(module (func (export "f") (param f64) (result i32) (f64.gt (local.get 0) (f64.const 5))))
