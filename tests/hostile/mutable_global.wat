;; Counts rows in a global.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (global $seen (mut i32) (i32.const 0))
  (func (export "f") (param i64) (result i32)
    (global.set $seen (i32.add (global.get $seen) (i32.const 1))) (i32.gt_s (global.get $seen) (i32.const 9))))
