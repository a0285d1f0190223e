;; Shares memory.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (memory 1 1 shared) (func (export "f") (param i64) (result i32) (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))
