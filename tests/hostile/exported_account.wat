;; Exports a global by the name of the host's account of fuel.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (global (export "account") (mut i64) (i64.const 9000000)) (func (export "f") (param i64) (result i32) (i32.wrap_i64 (global.get 0))))
