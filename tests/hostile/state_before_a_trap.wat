;; Writes and traps, so that nobody would clean up after it.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 7 -> no
;;= 13 -> null
;;= 7 -> no
;;= 13 -> null
;;= 13 -> null
;;= 7 -> no
(module (memory 1 1) (global $g (mut i32) (i32.const 0))
  (func (export "f") (param i64) (result i32) (if (i64.eq (local.get 0) (i64.const 13)) (then (global.set $g (i32.const 1)) (i64.store (i32.const 0) (i64.const -1)) (unreachable)))
  (i32.or (global.get $g) (i32.load (i32.const 0)))))
