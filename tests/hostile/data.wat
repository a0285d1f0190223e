;; Brings a list of people along.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (memory 1) (data (i32.const 0) "a list of people") (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))))
