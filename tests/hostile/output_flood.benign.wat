;; The benign twin of output_flood.
;;! abi = 2
;;! name = "g"
;;! form = "person"
;;! reads = "SELECT pid, ym FROM ndb.claims"
;;! rows = 1000
;;! params = [{ name = "ym", kind = "int" }]
;;! columns = [{ name = "n0", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n1", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n2", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n3", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n4", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n5", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n6", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n7", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n8", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n9", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n10", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n11", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n12", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n13", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n14", kind = "number", low = 0, high = 1000, step = 1 }, { name = "n15", kind = "number", low = 0, high = 1000, step = 1 }]
;;= 1 -> 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
;;= 2 -> none
(module (global $n (mut i64) (i64.const 0)) (func (export "row") (param i32 i64) (global.set $n (local.get 1))) (func (export "finish") (result i32) (i64.eq (global.get $n) (i64.const 1)))
  (func (export "get") (param i32 i32) (result f64) (f64.convert_i32_u (local.get 1))))
