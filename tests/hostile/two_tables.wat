;; Two tables, one to write and one to show.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (table 1 1 funcref) (table 1 1 funcref) (elem (table 0) (i32.const 0) func $y) (func $y) (type $t (func)) (func (export "f") (param i64) (result i32) (call_indirect 1 (type $t) (i32.const 0)) (i32.const 0)))
