;; The benign twin of stack_of_wide_frames.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (func $deep (param i64 i64) (result i64)
    (if (result i64) (i64.eqz (local.get 1)) (then (local.get 0)) (else (call $deep (local.get 0) (i64.sub (local.get 1) (i64.const 1))))))
  (func (export "f") (param i64) (result i32) (i64.gt_s (call $deep (local.get 0) (i64.const 50)) (i64.const 5))))
