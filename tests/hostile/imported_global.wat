;; Asks for the host's account of fuel.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (import "host" "account" (global $a (mut i64))) (func (export "f") (param i64) (result i32) (global.set $a (i64.const 1000000)) (i32.const 0)))
