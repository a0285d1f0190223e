;; Calls itself through its table, where no call by name is seen.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 4 -> no
;;= 13 -> null
;;= 6 -> yes
(module (type $t (func (param i64) (result i32))) (table 1 1 funcref) (elem (i32.const 0) $again)
  (func $again (param i64) (result i32) (i32.add (call_indirect (type $t) (local.get 0) (i32.const 0)) (i32.const 1)))
  (func (export "f") (param i64) (result i32) (if (i64.eq (local.get 0) (i64.const 13)) (then (return (call $again (local.get 0))))) (i64.gt_s (local.get 0) (i64.const 5))))
