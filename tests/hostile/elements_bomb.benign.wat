;; The benign twin of elements_bomb.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (table 1 1 funcref) (elem (i32.const 0) $y) (type $t (func (param i64) (result i32))) (func $y (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))) (func (export "f") (param i64) (result i32) (call_indirect (type $t) (local.get 0) (i32.const 0))))
