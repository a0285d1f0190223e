;; A second memory.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (memory 1 1) (memory $b 1 1) (func (export "f") (param i64) (result i32) (i32.load $b (i32.const 0))))
