;; The benign twin of overflowing_address.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (memory 1 1) (data (i32.const 65535) "\01")
  (func (export "f") (param i64) (result i32) (if (result i32) (i64.gt_s (local.get 0) (i64.const 5)) (then (i32.load8_u offset=65535 (i32.const 0))) (else (i32.const 0)))))
