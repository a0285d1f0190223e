;; The benign twin of manifest_huge_grid.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! number = { low = 0, high = 1000000000, step = 1 }
;;= 5 -> 5
;;= 1000000000 -> 1000000000
(module (func (export "f") (param i64) (result f64) (f64.convert_i64_s (local.get 0))))
