;; Remembers a row in its table.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (table 2 2 funcref) (elem (i32.const 0) $no $yes) (type $t (func (result i32)))
  (func $no (result i32) (i32.const 0)) (func $yes (result i32) (i32.const 1))
  (func (export "f") (param i64) (result i32)
    (table.set (i32.const 0) (table.get (i32.const 1))) (call_indirect (type $t) (i32.const 0))))
