;; Returns an integer where a number is declared.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1000, step = 1 }
(module (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))))
