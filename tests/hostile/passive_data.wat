;; Keeps data that it can use and drop at a time of its choosing.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (memory 1 1) (data $d "ab") (func (export "f") (param i64) (result i32) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 2)) (data.drop $d) (i32.load8_u (i32.const 0))))
