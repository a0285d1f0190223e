;; Writes beyond its memory.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 3 -> yes
;;= 65535 -> null
;;= 3 -> yes
(module (memory 1 1)
  (func (export "f") (param i64) (result i32) (i64.store (i32.wrap_i64 (local.get 0)) (i64.const -1)) (i32.const 1)))
