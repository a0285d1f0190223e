;; Copies its table over itself.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (table 2 2 funcref) (elem (i32.const 0) $y) (func $y) (func (export "f") (param i64) (result i32) (table.copy (i32.const 1) (i32.const 0) (i32.const 1)) (i32.const 0)))
