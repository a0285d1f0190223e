;; Returns the value itself.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 0 -> no
;;= 1 -> yes
;;= 2 -> null
;;= -1 -> null
;;= 4294967297 -> yes
(module (func (export "f") (param i64) (result i32) (i32.wrap_i64 (local.get 0))))
