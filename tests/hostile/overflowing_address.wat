;; Adds to an address until it wraps: both parts fit 32 bits, the sum does not.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 0 -> null
;;= 1 -> null
;;= 4294967295 -> null
(module (memory 1 1)
  (func (export "f") (param i64) (result i32) (i32.load offset=4294967295 (i32.wrap_i64 (local.get 0)))))
