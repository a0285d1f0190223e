;; The benign twin of recursion_through_a_table.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (type $t (func (param i64) (result i32))) (table 1 1 funcref) (elem (i32.const 0) $half)
  (func $half (param i64) (result i32)
    (if (result i32) (i64.gt_s (local.get 0) (i64.const 100)) (then (call_indirect (type $t) (i64.shr_s (local.get 0) (i64.const 1)) (i32.const 0))) (else (i64.gt_s (local.get 0) (i64.const 5)))))
  (func (export "f") (param i64) (result i32) (call $half (local.get 0))))
