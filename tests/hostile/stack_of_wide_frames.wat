;; Recurses with two hundred locals in every frame.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 4 -> no
;;= 13 -> null
;;= 6 -> yes
(module (func $deep (param i64) (result i64) (local (;many 200;)i64 (;end;))
    (local.set 200 (local.get 0)) (i64.add (call $deep (i64.add (local.get 0) (i64.const 1))) (i64.add (local.get 200) (local.get 100))))
  (func (export "f") (param i64) (result i32) (if (i64.eq (local.get 0) (i64.const 13)) (then (drop (call $deep (local.get 0))))) (i64.gt_s (local.get 0) (i64.const 5))))
