;; Nine columns of one row.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x0", kind = "int" }, { name = "x1", kind = "int" }, { name = "x2", kind = "int" }, { name = "x3", kind = "int" }, { name = "x4", kind = "int" }, { name = "x5", kind = "int" }, { name = "x6", kind = "int" }, { name = "x7", kind = "int" }, { name = "x8", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (func (export "f") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 ) (result i32) (i64.gt_s (local.get 0) (i64.const 5))))
