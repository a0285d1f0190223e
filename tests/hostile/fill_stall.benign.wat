;; The benign twin of fill_stall.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (memory 1 1) (func (export "f") (param i64) (result i32) (local i32)
  (loop (i32.store8 (local.get 1) (i32.const 5)) (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 64)))) (i64.gt_s (local.get 0) (i64.load8_u (i32.const 9)))))
