;; A function of forty kilobytes.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (func (export "f") (param i64) (result i32) (;many 10000;)(local.set 0 (local.get 0)) (;end;)(i64.gt_s (local.get 0) (i64.const 5))))
