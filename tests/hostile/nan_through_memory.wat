;; Hides the value in the payload of a NaN and reads its bits from memory.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 0 -> no
;;= 7 -> no
;;= 123456789 -> no
(module (memory 1 1)
  (func (export "f") (param i64) (result i32) (f64.store (i32.const 0) (f64.add (f64.reinterpret_i64 (i64.or (i64.const 0x7ff8000000000000) (local.get 0))) (f64.const 1))) (i64.ne (i64.and (i64.load (i32.const 0)) (i64.const 0x7ffffffffffff)) (i64.const 0))))
