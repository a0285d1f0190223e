;; Keeps the row before it in memory.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 7 -> no
;;= 8 -> no
;;= null -> null
;;= 7 -> no
(module (memory 1 1)
  (func (export "f") (param i64) (result i32) (local i64) (local.set 1 (i64.load (i32.const 8))) (i64.store (i32.const 8) (local.get 0)) (i64.ne (local.get 1) (i64.const 0))))
