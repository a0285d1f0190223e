;; Writes over its own constants.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 7 -> yes
;;= 7 -> yes
;;= 1 -> yes
(module (memory 1 1) (data (i32.const 16) "\01")
  (func (export "f") (param i64) (result i32) (local i32) (local.set 1 (i32.load8_u (i32.const 16))) (i32.store8 (i32.const 16) (i32.const 0)) (local.get 1)))
