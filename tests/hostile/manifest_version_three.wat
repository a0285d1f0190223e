;; A version of the boundary that does not exist.
;;! abi = 3
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))))
