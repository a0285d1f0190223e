;; The benign twin of copy_stall.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (memory 1 1) (data (i32.const 0) "\05") (func (export "f") (param i64) (result i32) (i32.store8 (i32.const 1) (i32.load8_u (i32.const 0))) (i64.gt_s (local.get 0) (i64.load8_u (i32.const 1)))))
