;; Gives integers where numbers are declared.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
(module (func (export "row") (param i32 i64)) (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result i32) (i32.const 0)))
