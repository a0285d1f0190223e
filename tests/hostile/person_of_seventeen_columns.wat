;; Seventeen columns of every row.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1
;;! params = [{ name = "x0", kind = "int" }, { name = "x1", kind = "int" }, { name = "x2", kind = "int" }, { name = "x3", kind = "int" }, { name = "x4", kind = "int" }, { name = "x5", kind = "int" }, { name = "x6", kind = "int" }, { name = "x7", kind = "int" }, { name = "x8", kind = "int" }, { name = "x9", kind = "int" }, { name = "x10", kind = "int" }, { name = "x11", kind = "int" }, { name = "x12", kind = "int" }, { name = "x13", kind = "int" }, { name = "x14", kind = "int" }, { name = "x15", kind = "int" }, { name = "x16", kind = "int" }]
;;! columns = [{ name = "n", kind = "number", low = 0, high = 1000, step = 1 }]
(module (func (export "row") (param i32 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 )) (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.const 0)))
