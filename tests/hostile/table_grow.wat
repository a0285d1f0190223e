;; Grows its table, and asks how large it is.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (table 1 9 funcref) (func (export "f") (param i64) (result i32) (drop (table.grow (ref.null func) (i32.const 1))) (table.size)))
