;; Throws.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (tag $e (param i64)) (func (export "f") (param i64) (result i32) (throw $e (local.get 0))))
