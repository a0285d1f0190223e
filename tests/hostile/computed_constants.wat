;; A global that is worked out when the module is loaded.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (global $g i64 (i64.add (i64.const 2) (i64.const 3))) (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (global.get $g))))
