;; The benign twin of rows_in_data.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (memory 1 1) (data (i32.const 16) "\05")
  (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.load8_u (i32.const 16)))))
