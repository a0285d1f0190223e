;; Returns a float where labels are declared.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (func (export "f") (param i64) (result f64) (f64.convert_i64_s (local.get 0))))
