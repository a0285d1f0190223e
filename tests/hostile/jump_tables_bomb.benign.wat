;; The benign twin of jump_tables_bomb.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= 5 -> no
;;= 6 -> yes
;;= 7 -> yes
;;= null -> null
(module (func (export "f") (param i64) (result i32) (block (block (block (br_table 0 0 0 0 0 0 1 (i32.wrap_i64 (local.get 0)))) (return (i32.const 0)))) (i32.const 1)))
