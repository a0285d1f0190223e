;; The benign twin of computed_constants.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (global $g i64 (i64.const 5)) (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (global.get $g))))
