;; Calls through an empty place of its table.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 0 -> yes
;;= 1 -> null
;;= 2 -> null
;;= 0 -> yes
(module (type $t (func (result i32))) (table 2 2 funcref) (elem (i32.const 0) $one) (func $one (result i32) (i32.const 1))
  (func (export "f") (param i64) (result i32) (call_indirect (type $t) (i32.wrap_i64 (local.get 0)))))
