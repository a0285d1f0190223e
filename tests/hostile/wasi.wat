;; Asks for the standard output.
;;! abi = 2
;;! name = "g"
;;! params = [{ name = "x", kind = "int" }]
;;! labels = [{ value = 0, label = "no" }, { value = 1, label = "yes" }]
(module (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32))) (memory 1 1) (func (export "f") (param i64) (result i32) (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0))))
