;; Passes references around.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (func (export "f") (param i64) (result i32) (local externref) (ref.is_null (local.get 1))))
