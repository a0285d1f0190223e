;; Data beyond the memory, which would fail every run.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (memory 1 1) (data (i32.const 65535) "ab") (func (export "f") (param i64) (result i32) (i32.load (i32.const 0))))
