;; The benign twin of data_outside.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (memory 1 1) (data (i32.const 65535) "\05") (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.load8_u (i32.const 65535)))))
