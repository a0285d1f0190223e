;; The benign twin of start_writes_memory.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (memory 1 1) (data (i32.const 0) "\05") (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.load (i32.const 0)))))
