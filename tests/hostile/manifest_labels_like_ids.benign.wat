;; The benign twin of manifest_labels_like_ids.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [MANY 1000]
;;= 5 -> l0
;;= 6 -> l1
(module (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))))
