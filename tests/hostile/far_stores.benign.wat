;; The benign twin of far_stores.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (memory 1 1)
  (func (export "f") (param i64) (result i32) (i32.store offset=65528 (i32.const 4) (i64.gt_s (local.get 0) (i64.const 5))) (i32.load offset=65528 (i32.const 4))))
