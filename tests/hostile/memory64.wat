;; Addresses of 64 bits.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (memory i64 1 1) (func (export "f") (param i64) (result i32) (i32.load (i64.const 0))))
