//! What the kernel did not give. A jail that is not whole is not entered: the worker ends before it has read a byte, and says why to whoever can change it.

use std::fmt;
use std::process;

/// What is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The worker was not started by [`crate::Jailed::start`] with the same layers.
    NotStartedInJail,
    /// What the parent had open could not be found or closed.
    OpenFiles,
    /// The worker could not become an unprivileged user.
    User,
    /// No namespaces.
    Namespaces,
    /// The file system could not be emptied.
    EmptyRoot,
    /// The worker could not be started behind its launcher.
    Start,
    /// The worker would outlive its launcher.
    Orphan,
    /// A resource limit was not taken.
    Limits,
    /// Capabilities could not be given up.
    Privileges,
    /// Landlock is missing or too old.
    Landlock,
    /// Filters on system calls are missing.
    Seccomp,
    /// [`crate::harden`] before [`crate::enter`].
    NotEntered,
}

impl Code {
    /// The kebab-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotStartedInJail => "jail-not-started",
            Self::OpenFiles => "jail-open-files",
            Self::User => "jail-user",
            Self::Namespaces => "jail-namespaces",
            Self::EmptyRoot => "jail-empty-root",
            Self::Start => "jail-start",
            Self::Orphan => "jail-orphan",
            Self::Limits => "jail-limits",
            Self::Privileges => "jail-privileges",
            Self::Landlock => "jail-landlock",
            Self::Seccomp => "jail-seccomp",
            Self::NotEntered => "jail-not-entered",
        }
    }

    /// What is missing and what an operator does about it, in English and in Japanese.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NotStartedInJail => (
                "the worker was not started in its own namespaces: start it through the enclave, never by hand",
                "ワーカーが専用の名前空間の中で起動されていません。手動ではなくエンクレーブから起動してください",
            ),
            Self::OpenFiles => (
                "open files of the parent could not be closed: mount /proc where the enclave runs",
                "親プロセスが開いていたファイルを閉じられません。エンクレーブの環境に /proc をマウントしてください",
            ),
            Self::User => (
                "root could not become an unprivileged user: give the enclave CAP_SETUID and CAP_SETGID, or run it as an unprivileged user",
                "root から権限のない利用者に切り替えられません。エンクレーブに CAP_SETUID と CAP_SETGID を与えるか、権限のない利用者で実行してください",
            ),
            Self::Namespaces => (
                "the kernel gives no namespaces: raise user.max_user_namespaces, and where they exist set kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0 (or write an AppArmor profile); in a container allow unshare",
                "カーネルが名前空間を許可していません。user.max_user_namespaces を 1 以上にし、設定項目があれば kernel.unprivileged_userns_clone=1 と kernel.apparmor_restrict_unprivileged_userns=0（または AppArmor プロファイル）を設定してください。コンテナでは unshare を許可してください",
            ),
            Self::EmptyRoot => (
                "the file system could not be emptied: the enclave needs /proc, tmpfs, and a profile that allows mount in a user namespace",
                "ファイルシステムを空にできません。/proc と tmpfs、およびユーザー名前空間内でのマウントを許すプロファイルが必要です",
            ),
            Self::Start => (
                "the worker could not be started: its program and the libraries it uses must be executable by everybody, and Linux 5.4 or later is needed",
                "ワーカーを起動できません。プログラムと共有ライブラリを全利用者が実行できるようにし、Linux 5.4 以降を使ってください",
            ),
            Self::Orphan => (
                "the worker cannot be tied to the life of its launcher: Linux 5.4 or later is needed",
                "ワーカーを起動元の終了に連動させられません。Linux 5.4 以降が必要です",
            ),
            Self::Limits => (
                "a resource limit was not accepted: the enclave's own hard limits must not be below the worker's",
                "資源の上限を設定できません。エンクレーブ自身のハードリミットをワーカーの上限以上にしてください",
            ),
            Self::Privileges => (
                "capabilities could not be given up for good: start the worker in its own namespaces",
                "ケーパビリティを完全に放棄できません。ワーカーを専用の名前空間で起動してください",
            ),
            Self::Landlock => (
                "the kernel has no Landlock of ABI 6 or later: use Linux 6.12 or later with `landlock` in its list of security modules (boot parameter lsm=)",
                "カーネルに Landlock（ABI 6 以降）がありません。Linux 6.12 以降を使い、起動パラメーター lsm= に landlock を加えてください",
            ),
            Self::Seccomp => (
                "the kernel does not filter system calls: use a kernel with CONFIG_SECCOMP_FILTER on x86_64 or aarch64",
                "カーネルがシステムコールの制限に対応していません。CONFIG_SECCOMP_FILTER が有効な x86_64 または aarch64 のカーネルを使ってください",
            ),
            Self::NotEntered => (
                "the worker hardened itself before it entered the jail: this is a fault of the program",
                "ワーカーが隔離の前に強化を行いました。プログラムの不具合です",
            ),
        }
    }
}

/// Why a worker does not run: the jail would not be whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Shortfall {
    /// What is missing.
    pub code: Code,
    /// The kernel's own words.
    pub cause: String,
}

impl Shortfall {
    /// The exit status by which a worker tells its parent that it did not run; 78 is "configuration" in sysexits.h.
    pub const EXIT: u8 = 78;

    pub(crate) fn new(code: Code, cause: impl fmt::Display) -> Self {
        Self { code, cause: cause.to_string() }
    }

    /// For `map_err`: the shortfall of this code.
    pub(crate) fn of<E: fmt::Display>(code: Code) -> impl Fn(E) -> Self {
        move |cause| Self::new(code, cause)
    }

    /// What is missing and what to do, in English.
    #[must_use]
    pub fn en(&self) -> &'static str {
        self.code.words().0
    }

    /// The same in Japanese.
    #[must_use]
    pub fn ja(&self) -> &'static str {
        self.code.words().1
    }

    /// Says it on the standard error and ends the process with [`Self::EXIT`]: what a worker does with it.
    pub fn exit(&self) -> ! {
        eprintln!("{self}");
        process::exit(i32::from(Self::EXIT))
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})\n{}", self.code.name(), self.en(), self.cause, self.ja())
    }
}
