;; Four billion places in a table.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (table 4294967295 4294967295 funcref) (type $t (func (result i32))) (func (export "f") (param i64) (result i32) (call_indirect (type $t) (i32.const 0))))
