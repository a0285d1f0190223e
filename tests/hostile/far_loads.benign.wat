;; The benign twin of far_loads.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (memory 1 1) (data (i32.const 48) "\01")
  (func (export "f") (param i64) (result i32) (i32.load8_u offset=32 (i32.wrap_i64 (i64.shl (i64.extend_i32_u (i64.gt_s (local.get 0) (i64.const 5))) (i64.const 4))))))
