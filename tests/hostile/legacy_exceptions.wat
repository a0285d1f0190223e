;; Catches as in the proposal that was withdrawn.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module binary "\00asm\01\00\00\00\01\06\01\60\01\7e\01\7f\03\02\01\00\07\05\01\01f\00\00\0a\0a\01\08\00\06\40\19\0b\41\00\0b")
