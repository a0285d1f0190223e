;; The benign twin of text_as_a_label.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "text" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
;;= E11 -> yes
;;= I10 -> no
;;= 12345678901234567 -> null
;;= null -> null
(module (func (export "f") (param i64 i64) (result i32) (i64.eq (local.get 0) (i64.const 0x4531310000000000))))
