;; Calls through a typed reference.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (type $t (func (param i64) (result i32))) (elem declare func $y) (func $y (type $t) (i64.gt_s (local.get 0) (i64.const 5))) (func (export "f") (param i64) (result i32) (call_ref $t (local.get 0) (ref.func $y))))
