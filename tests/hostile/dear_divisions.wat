;; Divides in a loop, where each instruction is as dear as twenty.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 4 -> no
;;= 13 -> null
;;= 6 -> yes
(module (func (export "f") (param i64) (result i32) (local i64)
  (if (i64.eq (local.get 0) (i64.const 13)) (then (loop (local.set 1 (i64.add (local.get 1) (i64.const 1)))
    (;many 20;)(drop (i64.rem_u (i64.const -1) (local.get 1))) (;end;)(br_if 0 (i64.lt_u (local.get 1) (i64.const 1000000)))))) (i64.gt_s (local.get 0) (i64.const 5))))
