;; A segment beyond its table would fail every run.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (table 1 1 funcref) (elem (i32.const 1) $g) (func $g) (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))))
