;; Adds an integer to a float.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (func (export "f") (param i64) (result i32) (i64.add (local.get 0) (f64.const 1)) (drop) (i32.const 0)))
