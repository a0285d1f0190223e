;; The benign twin of nan_of_a_short_float.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (func (export "f") (param i64) (result i32) (i32.gt_s (i32.reinterpret_f32 (f32.demote_f64 (f64.convert_i64_s (local.get 0)))) (i32.reinterpret_f32 (f32.const 5)))))
