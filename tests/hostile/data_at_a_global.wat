;; Data at a place that an imported global names.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (import "env" "base" (global $b i32)) (memory 1 1) (data (global.get $b) "ab") (func (export "f") (param i64) (result i32) (i32.load (i32.const 0))))
