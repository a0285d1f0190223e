;; Two functions of one name.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module binary "\00asm\01\00\00\00\01\06\01\60\01\7e\01\7f\03\02\01\00\07\09\02\01f\00\00\01f\00\00\0a\06\01\04\00\41\01\0b")
