;; The benign twin of manifest_digits_as_a_label.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))))
