//! Which form a module has: pure, where there is nowhere to remember anything, or reset, where the host puts everything back.

use super::{Walk, trim};
use crate::report::Words;

impl Walk<'_> {
    /// What only the whole module tells: used, or merely there.
    pub(super) fn form(&mut self) {
        if let Some(function) = self.facts.touches_table {
            self.findings.add(
                "no-table-write",
                format!("module function {function}"),
                Words::new(
                    "表を書き換えるか、区画を捨てる命令があります。",
                    "An instruction reads, writes or drops a table or its segments.",
                ),
                Words::new("関数の表は固定です。その命令を除いてください。", "The table is fixed: take that instruction out."),
            );
        }
        self.memory();
        self.written();
    }

    fn memory(&mut self) {
        match (self.facts.uses_memory, self.facts.grows_memory) {
            (Some(function), _) if !self.reset => self.findings.add(
                "no-memory",
                format!("module function {function}"),
                Words::new("メモリを使っています。", "The module uses memory."),
                Words::new(
                    "メモリを使うゲストは宣言書に `abi = 2` と書いてください（ABI.md の reset form）。使わずに済めば、そのほうが速く動きます。",
                    "A guest that uses memory writes `abi = 2` in its manifest (the reset form in ABI.md). Without memory it is faster.",
                ),
            ),
            (_, Some(function)) => self.findings.add(
                "no-memory-grow",
                format!("module function {function}"),
                Words::new("メモリを伸ばす命令があります。", "The module grows its memory."),
                Words::new(
                    "メモリの割り当て（alloc、malloc）をやめ、大きさの定まった配列だけを使ってください。",
                    "Do without allocation (alloc, malloc): use arrays of fixed size only.",
                ),
            ),
            (None, None) if self.facts.memory.is_some() || self.facts.data => self.findings.add(
                "no-memory",
                "module memory",
                Words::new("使われないメモリが残っています。", "There is a memory (or its data) that nothing uses."),
                trim(),
            ),
            _ => {}
        }
    }

    fn written(&mut self) {
        match self.facts.writes_globals {
            Some(function) if !self.reset => self.findings.add(
                "no-mutable-global",
                format!("module function {function}"),
                Words::new("大域変数を書き換えています。", "A global variable is written."),
                Words::new(
                    "大域変数を書き換えるゲストは宣言書に `abi = 2` と書いてください（ABI.md の reset form）。局所変数で済めば、そのほうが速く動きます。",
                    "A guest that writes globals writes `abi = 2` in its manifest (the reset form in ABI.md). With local variables only it is faster.",
                ),
            ),
            None if self.facts.mutable > 0 => self.findings.add(
                "no-mutable-global",
                "module globals",
                Words::new("書き換えられる大域変数が残っています。", "There is a global variable that could be written."),
                Words::new(
                    "`visiting guest trim` を通してください。なお残るときは定数にしてください。",
                    "Run `visiting guest trim`; if it stays, make it a constant.",
                ),
            ),
            _ => {}
        }
    }
}
