;; The benign twin of growth_as_a_signal.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (memory 1 1) (func (export "f") (param i64) (result i32) (i32.and (i64.gt_s (local.get 0) (i64.const 5)) (i32.eq (memory.size) (i32.const 1)))))
