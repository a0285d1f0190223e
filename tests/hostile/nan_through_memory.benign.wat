;; The benign twin of nan_through_memory.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (memory 1 1)
  (func (export "f") (param i64) (result i32) (f64.store (i32.const 0) (f64.convert_i64_s (local.get 0))) (f64.gt (f64.load (i32.const 0)) (f64.const 5))))
