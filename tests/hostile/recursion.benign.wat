;; The benign twin of recursion.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= 100 -> yes
(module (func $r (param i64) (result i64)
    (if (result i64) (i64.eqz (local.get 0)) (then (i64.const 0)) (else (i64.add (call $r (i64.sub (local.get 0) (i64.const 1))) (i64.const 1)))))
  (func (export "f") (param i64) (result i32) (i64.gt_s (call $r (local.get 0)) (i64.const 5))))
