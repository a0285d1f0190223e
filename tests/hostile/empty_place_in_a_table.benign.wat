;; The benign twin of empty_place_in_a_table.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (type $t (func (result i32))) (table 2 2 funcref) (elem (i32.const 0) $no $yes) (func $no (result i32) (i32.const 0)) (func $yes (result i32) (i32.const 1))
  (func (export "f") (param i64) (result i32) (call_indirect (type $t) (i64.gt_s (local.get 0) (i64.const 5)))))
