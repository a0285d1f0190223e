;; A function type with a thousand results.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (type (func (result (;many 1000;)i64 (;end;)))) (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))))
