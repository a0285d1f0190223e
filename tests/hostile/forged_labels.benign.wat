;; The benign twin of forged_labels.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "l", kind = "label", labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }] }]
;;= 1 -> no
;;= 2 -> yes
;;= none -> null
(module (global $n (mut i64) (i64.const 0)) (func (export "row") (param i32 i64) (global.set $n (local.get 1))) (func (export "finish") (result i32) (i32.const 1))
  (func (export "get") (param i32 i32) (result f64) (if (i64.eq (global.get $n) (i64.const 1)) (then (return (f64.const 0)))) (if (i64.eq (global.get $n) (i64.const 2)) (then (return (f64.const 1)))) (f64.const nan)))
