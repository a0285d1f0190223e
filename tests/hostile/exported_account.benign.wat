;; The benign twin of exported_account.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= null -> null
(module (global $account (mut i64) (i64.const 0)) (func (export "f") (param i64) (result i32) (global.set $account (local.get 0)) (i64.gt_s (global.get $account) (i64.const 5))))
