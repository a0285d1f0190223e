;; As many locals as may be in a function as long as may be: each alone is taken.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (func (export "f") (param i64) (result i32) (local (;many 250;)i64 (;end;)) (;many 5000;)(local.set 9 (local.get 0)) (;end;)(i64.gt_s (local.get 0) (i64.const 5))))
