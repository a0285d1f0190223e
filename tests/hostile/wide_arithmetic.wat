;; Multiplies to 128 bits.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (func (export "f") (param i64) (result i32) (i64.mul_wide_s (local.get 0) (local.get 0)) (drop) (i32.wrap_i64)))
