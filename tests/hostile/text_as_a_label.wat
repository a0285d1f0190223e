;; Returns four letters of a text as if they were a label.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "text" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= E11 -> null
;;= I10 -> null
;;= null -> null
(module (func (export "f") (param i64 i64) (result i32) (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 32)))))
