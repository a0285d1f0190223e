;; The benign twin of locals_in_a_long_body.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (func (export "f") (param i64) (result i32) (local (;many 250;)i64 (;end;)) (;many 100;)(local.set 9 (local.get 0)) (;end;)(i64.gt_s (local.get 9) (i64.const 5))))
