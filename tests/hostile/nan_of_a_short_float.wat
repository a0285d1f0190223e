;; Hides the value in the payload of a short NaN, and makes it long and short again.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 0 -> no
;;= 7 -> no
;;= 123456 -> no
(module (func (export "f") (param i64) (result i32) (i32.ne (i32.const 0x7fc00000) (i32.reinterpret_f32 (f32.demote_f64 (f64.promote_f32
  (f32.reinterpret_i32 (i32.or (i32.const 0xffc00000) (i32.wrap_i64 (local.get 0))))))))))
