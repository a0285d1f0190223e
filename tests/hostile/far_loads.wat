;; Reads beyond its memory, where somebody else's might be.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 0 -> no
;;= 70000 -> null
;;= -1 -> null
;;= 65528 -> no
;;= 65529 -> null
(module (memory 1 1)
  (func (export "f") (param i64) (result i32) (i64.ne (i64.load (i32.wrap_i64 (local.get 0))) (i64.const 0))))
