;; The benign twin of spin.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 13 -> yes
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (func (export "f") (param i64) (result i32) (local i64)
  (loop (local.set 1 (i64.add (local.get 1) (i64.const 1))) (br_if 0 (i64.lt_s (local.get 1) (i64.const 500))))
  (i64.gt_s (local.get 0) (i64.const 5))))
