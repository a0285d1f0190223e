;; Calls without a frame, for ever.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (func $f (export "f") (param i64) (result i32) (return_call $f (local.get 0))))
