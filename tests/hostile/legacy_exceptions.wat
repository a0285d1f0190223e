;; Catches what was never thrown.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (tag $e) (func (export "f") (param i64) (result i32) (block $b (try_table (catch_all $b) (throw $e))) (i32.const 0)))
