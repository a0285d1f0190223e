;; Spins for one value: only that row is lost.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 4 -> no
;;= 13 -> null
;;= 14 -> yes
(module (func (export "f") (param i64) (result i32)
  (if (i64.eq (local.get 0) (i64.const 13)) (then (loop (br 0)))) (i64.gt_s (local.get 0) (i64.const 5))))
