;; Recurses for ever for one value.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 4 -> no
;;= 13 -> null
;;= 14 -> yes
(module (func $r (param i64) (result i64) (local i64 i64 i64 i64) (i64.add (call $r (i64.add (local.get 0) (i64.const 1))) (local.get 0)))
  (func (export "f") (param i64) (result i32)
    (if (i64.eq (local.get 0) (i64.const 13)) (then (return (i32.wrap_i64 (call $r (local.get 0)))))) (i64.gt_s (local.get 0) (i64.const 5))))
