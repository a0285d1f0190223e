;; The benign twin of globals_bomb.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (;many 9;)(global (mut i64) (i64.const 0)) (;end;)(func (export "f") (param i64) (result i32) (global.set 8 (local.get 0)) (i64.gt_s (global.get 8) (i64.const 5))))
