;; Hides the value in the payload of a NaN: arithmetic loses it.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 0 -> no
;;= 7 -> no
;;= 123456789 -> no
(module
  (func (export "f") (param i64) (result i32)
    (i64.ne (i64.reinterpret_f64 (f64.add (f64.reinterpret_i64 (i64.or (local.get 0) (i64.const 0x7ff8000000000000))) (f64.const 0)))
            (i64.const 0x7ff8000000000000))))
