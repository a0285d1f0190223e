;; Eight loops in each other, each short.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 4 -> no
;;= 13 -> null
;;= 6 -> yes
(module (func (export "f") (param i64) (result i32) (local (;many 8;)i64 (;end;))
  (if (i64.eq (local.get 0) (i64.const 13)) (then
  (local.set 1 (i64.const 50)) (loop $l1 (local.set 2 (i64.const 50)) (loop $l2 (local.set 3 (i64.const 50)) (loop $l3 (local.set 4 (i64.const 50)) (loop $l4 (local.set 5 (i64.const 50)) (loop $l5 (local.set 6 (i64.const 50)) (loop $l6 (local.set 7 (i64.const 50)) (loop $l7 (local.set 8 (i64.const 50)) (loop $l8 (local.set 8 (i64.sub (local.get 8) (i64.const 1))) (br_if $l8 (i64.ne (local.get 8) (i64.const 0)))) (local.set 7 (i64.sub (local.get 7) (i64.const 1))) (br_if $l7 (i64.ne (local.get 7) (i64.const 0)))) (local.set 6 (i64.sub (local.get 6) (i64.const 1))) (br_if $l6 (i64.ne (local.get 6) (i64.const 0)))) (local.set 5 (i64.sub (local.get 5) (i64.const 1))) (br_if $l5 (i64.ne (local.get 5) (i64.const 0)))) (local.set 4 (i64.sub (local.get 4) (i64.const 1))) (br_if $l4 (i64.ne (local.get 4) (i64.const 0)))) (local.set 3 (i64.sub (local.get 3) (i64.const 1))) (br_if $l3 (i64.ne (local.get 3) (i64.const 0)))) (local.set 2 (i64.sub (local.get 2) (i64.const 1))) (br_if $l2 (i64.ne (local.get 2) (i64.const 0)))) (local.set 1 (i64.sub (local.get 1) (i64.const 1))) (br_if $l1 (i64.ne (local.get 1) (i64.const 0)))))) (i64.gt_s (local.get 0) (i64.const 5))))
