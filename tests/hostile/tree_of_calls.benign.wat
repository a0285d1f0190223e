;; The benign twin of tree_of_calls.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (func $f0 (param i64) (result i64) (local.get 0)) (func $f1 (param i64) (result i64) (i64.add (call $f0 (local.get 0)) (call $f0 (local.get 0))))
  (func (export "f") (param i64) (result i32) (i64.gt_s (call $f1 (local.get 0)) (i64.const 10))))
