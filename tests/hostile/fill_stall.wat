;; Fills a memory in one instruction, for as long as that takes.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (memory 4 4) (func (export "f") (param i64) (result i32) (memory.fill (i32.const 0) (i32.const 1) (i32.const 262144)) (i32.load (i32.const 0))))
