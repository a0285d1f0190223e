;; Waits for a memory to change.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (memory 1 1 shared) (func (export "f") (param i64) (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
