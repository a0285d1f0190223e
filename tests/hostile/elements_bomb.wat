;; Two hundred and fifty-seven places in a table.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (table 257 257 funcref) (elem (i32.const 0) (;many 257;)$y (;end;)) (type $t (func (param i64) (result i32))) (func $y (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))) (func (export "f") (param i64) (result i32) (call_indirect (type $t) (local.get 0) (i32.const 0))))
