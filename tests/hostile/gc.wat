;; Makes objects.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (type $s (struct (field i64))) (func (export "f") (param i64) (result i32) (drop (struct.new $s (local.get 0))) (i32.const 0)))
