;; A block that leaves two values.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (func (export "f") (param i64) (result i32) (block (result i64 i64) (local.get 0) (i64.const 5)) (i64.gt_s)))
