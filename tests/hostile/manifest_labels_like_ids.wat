;; Names for a thousand and one people.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [MANY 1001]
(module (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))))
