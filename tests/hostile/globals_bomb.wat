;; Sixty-five globals, to be put back before every row.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (;many 65;)(global (mut i64) (i64.const 0)) (;end;)(func (export "f") (param i64) (result i32) (global.set 64 (local.get 0)) (i64.gt_s (global.get 64) (i64.const 5))))
