;; Grows its memory, and asks how large it is.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (memory 1 4) (func (export "f") (param i64) (result i32) (drop (memory.grow (i32.const 1))) (i32.gt_u (memory.size) (i32.const 1))))
