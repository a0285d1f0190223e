;; Labels twice, a formula, a line break, an unknown key, a kind that does not exist.
;;! abi = 1
;;! name = "G; DROP TABLE"
;;! colour = "blue"
;;! params = [{ name = "x", kind = "pointer" }]
;;! labels = [{ value = 0, label = "no" }, { value = 0, label = "no" }, { value = 1, label = "=cmd|' /C calc'!A0" }, { value = 2, label = "a,b" }, { value = 3, label = "a\nb" }, { value = 4, label = "null", ja = "=1+1" }, { value = 99999999999, label = "big" }]
(module (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))))
