;; Runs before anybody calls.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (func $s (loop (br 0))) (start $s) (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))))
