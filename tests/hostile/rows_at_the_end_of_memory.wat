;; Writes the last byte of four pages, where a copy might stop short.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 7 -> no
;;= 7 -> no
(module (memory 4 4)
  (func (export "f") (param i64) (result i32) (local i32) (local.set 1 (i32.load8_u (i32.const 262143))) (i32.store8 (i32.const 262143) (i32.const 1)) (local.get 1)))
