;; Names its functions after others; debuggers and logs would believe it.
;;! abi = 1
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;+ names
(module $innocent
  (func $the_row_is_fine (export "f") (param i64) (result i32) (i32.const 1)))
