;; Asks the host for a clock.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module
  (import "env" "planted_clock" (func $now (result i64)))
  (func (export "f") (param i64) (result i32) (i64.gt_s (call $now) (local.get 0))))
