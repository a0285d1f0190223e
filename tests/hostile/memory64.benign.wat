;; The benign twin of memory64.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (memory 1 1) (func (export "f") (param i64) (result i32) (i64.store (i32.const 0) (local.get 0)) (i64.gt_s (i64.load (i32.const 0)) (i64.const 5))))
