;; The benign twin of loops_in_loops.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (func (export "f") (param i64) (result i32) (local i64 i64 i64)
  (local.set 1 (i64.const 9)) (loop $a (local.set 2 (i64.const 9)) (loop $b (local.set 3 (i64.add (local.get 3) (i64.const 1)))
  (br_if $b (i64.ne (local.tee 2 (i64.sub (local.get 2) (i64.const 1))) (i64.const 0)))) (br_if $a (i64.ne (local.tee 1 (i64.sub (local.get 1) (i64.const 1))) (i64.const 0))))
  (i64.gt_s (i64.add (local.get 0) (local.get 3)) (i64.const 86))))
