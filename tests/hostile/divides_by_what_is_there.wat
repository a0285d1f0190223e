;; Divides, so that the least number would end the run.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 1 -> no
;;= -9223372036854775808 -> null
;;= 0 -> null
;;= 1 -> no
(module (func (export "f") (param i64) (result i32) (i64.eq (i64.div_s (i64.const -9223372036854775808) (i64.or (i64.shr_s (local.get 0) (i64.const 63)) (local.get 0))) (local.get 0))))
