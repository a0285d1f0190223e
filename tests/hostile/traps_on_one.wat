;; Traps on one value, so that the run would tell that it is there.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 4 -> no
;;= 13 -> null
;;= 14 -> yes
(module (func (export "f") (param i64) (result i32)
  (drop (i64.div_u (i64.const 1) (i64.sub (local.get 0) (i64.const 13)))) (i64.gt_s (local.get 0) (i64.const 5))))
