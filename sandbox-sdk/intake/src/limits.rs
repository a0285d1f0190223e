//! Every limit of a guest, in one place, with unit and reason. Together they bound what compiling and calling can cost.

/// The limits.
#[derive(Debug)]
pub struct Limits {
    /// Bytes of a manifest. A thousand labels in two languages are 80 KB.
    pub manifest_bytes: usize,
    /// Bytes of a module. What scalar functions compile to is a few KB; a compiler's time grows with this.
    pub module_bytes: usize,
    /// Parameters in the manifest. More columns than this describe a person, not a class.
    pub params: usize,
    /// Parameters of the person form: the columns of its rows, all of one person.
    pub person_params: usize,
    /// Declared labels of one result. Each is read at approval; a code list has so many, an identifier has more.
    pub labels: usize,
    /// The same under version 1 of the boundary.
    pub labels_first: usize,
    /// Bytes of the query that a guest of the person form reads.
    pub reads_bytes: usize,
    /// Rows about one person.
    pub rows: u32,
    /// Columns of rows about one person.
    pub columns: usize,
    /// Steps of a declared number: a step more than this is noise, and results have to fit 32 bits.
    pub steps: u32,
    /// Digits behind the point of a declared number.
    pub places: u8,
    /// Function types.
    pub types: u32,
    /// Parameters or results of a function type: Cranelift's time per call grows with them.
    pub type_params: usize,
    /// Functions.
    pub functions: u32,
    /// Globals.
    pub globals: u32,
    /// Pages (64 KiB) of the reset form's memory: all of it is put back before every call.
    pub pages: u64,
    /// Exports; linkers also export `__data_end` and the like.
    pub exports: u32,
    /// Bytes of one function's body: some passes of the compiler are more than linear in it.
    pub body_bytes: usize,
    /// Locals of one function, parameters not counted. Each costs the compiler a variable in every block.
    pub locals: u32,
    /// Locals times bytes of the body, bounds what the compiler spends on merging variables at blocks.
    pub locals_by_bytes: u64,
    /// Nested blocks of one function.
    pub depth: u32,
    /// Labels of one `br_table`.
    pub br_table: u32,
    /// Entries of the table, and of all its element segments together.
    pub elements: u32,
    /// Bytes of stack for one call: a quarter of the engine's threads' 2 MiB would do, deep recursion gets less.
    pub stack_bytes: usize,
    /// Fuel of one row of the scalar form: one unit for a cheap instruction, more for a dear one, some 4 microseconds at most. A row that needs
    /// more is NULL.
    pub fuel: u64,
    /// Fuel of one group, all calls together: a tenth of a second.
    pub group_fuel: u64,
    /// Steps of the number of a group: three digits, so that nobody's row fits into it (A7).
    pub group_steps: u32,
    /// Fuel of one person, all calls together: 5 ms at most, so that nobody's rows show in a run's time (measured: 2).
    pub person_fuel: u64,
    /// Findings in one report.
    pub findings: usize,
}

/// The limits in force.
pub const LIMITS: Limits = Limits {
    manifest_bytes: 96 * 1024,
    module_bytes: 128 * 1024,
    params: 8,
    person_params: 16,
    labels: 1000,
    labels_first: 100,
    reads_bytes: 8 * 1024,
    rows: 1000,
    columns: 16,
    steps: 1_000_000_000,
    places: 6,
    types: 64,
    type_params: 32,
    functions: 256,
    globals: 64,
    pages: 4,
    exports: 64,
    body_bytes: 32 * 1024,
    locals: 256,
    locals_by_bytes: 2 * 1024 * 1024,
    depth: 128,
    br_table: 512,
    elements: 256,
    stack_bytes: 128 * 1024,
    fuel: 10_000,
    person_fuel: 4_000_000,
    group_fuel: 400_000_000,
    group_steps: 1_000,
    findings: 20,
};
