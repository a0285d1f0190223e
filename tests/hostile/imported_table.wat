;; Asks for the host's functions.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (import "env" "table" (table 1 funcref)) (type $t (func)) (func (export "f") (param i64) (result i32) (call_indirect (type $t) (i32.const 0)) (i32.const 0)))
