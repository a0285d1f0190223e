;; Drops a segment: done once, it shows.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (table 1 1 funcref) (elem $e func $f)
  (func $f (export "f") (param i64) (result i32) (elem.drop $e) (i32.const 0)))
