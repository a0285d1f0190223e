;; A memory in pages of one byte.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (memory 1 1 (pagesize 1)) (func (export "f") (param i64) (result i32) (i32.load8_u (i32.const 0))))
