;; Writes its memory before anybody calls.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (memory 1 1) (start $s) (func $s (i64.store (i32.const 0) (i64.const 5))) (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.load (i32.const 0)))))
