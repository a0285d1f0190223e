;; Copies a memory over itself in one instruction.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (memory 4 4) (func (export "f") (param i64) (result i32) (memory.copy (i32.const 0) (i32.const 1) (i32.const 262143)) (i32.load (i32.const 0))))
