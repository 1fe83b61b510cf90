use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;

use tempfile::TempDir;

use super::*;

struct Root(TempDir);

impl Root {
    fn with(files: &[&str]) -> Self {
        let root = Self(TempDir::new().unwrap());
        files.iter().for_each(|file| root.write(file, "exhibit"));
        root
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, content: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), content).unwrap();
    }

    fn file(&self, path: &str) -> FileRef {
        file_beneath(self.0.path(), path)
    }

    fn refusal(&self, path: &str) -> Refusal {
        identify(&self.file(path)).unwrap_err().reason
    }
}

/// What stands in no test's way.
fn reserved() -> Reserved {
    Reserved::new([], &[], Path::new("/nonexistent"))
}

fn identify(file: &FileRef) -> Result<Option<FileId>, FileError> {
    identify_all(std::slice::from_ref(file), &reserved()).remove(0)
}

fn unlink_same(file: &FileRef, id: &FileId) -> Result<Unlinked, FileError> {
    unlink_all(&[(file, id)], &reserved()).remove(0)
}

fn unlink_all(files: &[(&FileRef, &FileId)], reserved: &Reserved) -> Vec<Result<Unlinked, FileError>> {
    let files = files.iter().map(|(file, id)| ((*file).clone(), **id)).collect();
    confirm_all(unlink_each(files, reserved, &mut |_, _| Ok(())).unwrap())
}

fn file_beneath(root: &Path, path: &str) -> FileRef {
    FileRef { record: 0, part: PartName::from("document"), root: root.to_owned(), path: path.to_owned() }
}

#[test]
fn a_file_that_is_still_the_same_goes() {
    let root = Root::with(&["2024/a.pdf", "2024/b.pdf"]);
    let file = root.file("2024/a.pdf");
    let id = identify(&file).unwrap().unwrap();
    assert_eq!(id.size, 7);
    assert_eq!(unlink_same(&file, &id).unwrap(), Unlinked::Gone);
    assert!(!root.path("2024/a.pdf").exists() && root.path("2024/b.pdf").exists());
}

#[test]
fn a_file_that_is_absent_is_no_error_before_nor_after() {
    let root = Root::with(&["2024/a.pdf"]);
    let file = root.file("2024/a.pdf");
    let id = identify(&file).unwrap().unwrap();
    fs::remove_file(root.path("2024/a.pdf")).unwrap();
    fs::remove_dir(root.path("2024")).unwrap();
    assert_eq!(identify(&file).unwrap(), None);
    assert_eq!(unlink_same(&file, &id).unwrap(), Unlinked::AlreadyAbsent);
}

#[test]
fn another_file_under_the_name_stays() {
    let root = Root::with(&["a.pdf"]);
    let file = root.file("a.pdf");
    let id = identify(&file).unwrap().unwrap();
    root.write("new.pdf", "another");
    fs::rename(root.path("new.pdf"), root.path("a.pdf")).unwrap();
    assert_eq!(unlink_same(&file, &id).unwrap(), Unlinked::Changed);
    assert_eq!(fs::read_to_string(root.path("a.pdf")).unwrap(), "another");
}

#[test]
fn a_file_written_since_stays() {
    let root = Root::with(&["a.pdf"]);
    let file = root.file("a.pdf");
    let id = identify(&file).unwrap().unwrap();
    // Past the granularity of the file system's clock, as everything between a plan and its execution is.
    std::thread::sleep(std::time::Duration::from_millis(20));
    root.write("a.pdf", "changed");
    assert_eq!(unlink_same(&file, &id).unwrap(), Unlinked::Changed);
    assert!(root.path("a.pdf").exists());
}

#[test]
fn a_file_of_which_only_mode_or_name_changed_and_changed_back_goes() {
    let root = Root::with(&["mode.pdf", "name.pdf", "link.pdf"]);
    let files = ["mode.pdf", "name.pdf", "link.pdf"].map(|path| root.file(path));
    let ids = files.each_ref().map(|file| identify(file).unwrap().unwrap());
    std::thread::sleep(std::time::Duration::from_millis(20));
    fs::set_permissions(root.path("mode.pdf"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(root.path("name.pdf"), root.path("away")).unwrap();
    fs::rename(root.path("away"), root.path("name.pdf")).unwrap();
    fs::hard_link(root.path("link.pdf"), root.path("copy")).unwrap();
    fs::remove_file(root.path("copy")).unwrap();
    for (file, id) in files.iter().zip(&ids) {
        assert_eq!(unlink_same(file, id).unwrap(), Unlinked::Gone, "{}", file.path);
    }
    assert!(!FileId { ino: 0, ..ids[0] }.is_still(&ids[0]));
    let untold = FileId { content: None, ..ids[0] };
    assert!(!untold.is_still(&FileId { ctime_nsec: 0, ..untold }), "without these times the change counts");
}

#[test]
fn many_files_have_one_result_each_in_their_order() {
    let root = Root::with(&["x/1", "y/2", "x/3", "4"]);
    let files: Vec<FileRef> = ["x/1", "y/2", "x/3", "4"].map(|path| root.file(path)).into();
    let ids: Vec<FileId> = files.iter().map(|file| identify(file).unwrap().unwrap()).collect();
    fs::remove_file(root.path("y/2")).unwrap();
    fs::remove_file(root.path("x/3")).unwrap();
    symlink(root.path("4"), root.path("x/3")).unwrap();
    let pairs: Vec<(&FileRef, &FileId)> = files.iter().zip(&ids).collect();
    let results = unlink_all(&pairs, &reserved());
    assert!(matches!(results[0], Ok(Unlinked::Gone)));
    assert!(matches!(results[1], Ok(Unlinked::AlreadyAbsent)));
    assert!(matches!(&results[2], Err(FileError { reason: Refusal::Symlink, .. })));
    assert!(matches!(results[3], Ok(Unlinked::Gone)));
}

#[test]
fn a_symbolic_link_is_refused_as_file_and_as_directory() {
    let root = Root::with(&["real/a.pdf"]);
    let outside = Root::with(&["b.pdf"]);
    symlink(root.path("real/a.pdf"), root.path("link.pdf")).unwrap();
    symlink(outside.path(""), root.path("away")).unwrap();
    assert_eq!(root.refusal("link.pdf"), Refusal::Symlink);
    assert_eq!(root.refusal("away/b.pdf"), Refusal::Symlink);
}

#[test]
fn a_path_that_is_not_plain_is_refused() {
    let root = Root::with(&["a/b.pdf"]);
    for path in ["", "/etc/hostname", "..", "../a", "a/../a/b.pdf", "a/./b.pdf", "a//b.pdf", "a/", "a/b.pdf\0"] {
        assert_eq!(root.refusal(path), Refusal::Path, "{path:?}");
    }
}

#[test]
fn a_file_with_other_names_is_refused_also_when_the_name_is_added_later() {
    let root = Root::with(&["a.pdf"]);
    let file = root.file("a.pdf");
    let id = identify(&file).unwrap().unwrap();
    fs::hard_link(root.path("a.pdf"), root.path("copy.pdf")).unwrap();
    assert_eq!(root.refusal("a.pdf"), Refusal::OtherNames);
    assert_eq!(unlink_same(&file, &id).unwrap_err().reason, Refusal::OtherNames);
    assert!(root.path("a.pdf").exists());
}

#[test]
fn what_is_reserved_is_refused_by_any_name_before_and_after() {
    let root = Root::with(&["app.db", "app.db-wal", "app.db-journal", "law.toml", "state/audit/vkey", "mine.pdf"]);
    symlink("app.db", root.path("link.db")).unwrap();
    let reserved = Reserved::new([root.path("link.db").as_path()], &[root.path("law.toml")], &root.path("state"));
    let names = ["app.db", "app.db-wal", "app.db-journal", "law.toml", "state/audit/vkey"];
    let files: Vec<FileRef> = names.map(|name| root.file(name)).into();
    for (file, found) in files.iter().zip(identify_all(&files, &reserved)) {
        assert_eq!(found.unwrap_err().reason, Refusal::Reserved, "{}", file.path);
        let id = identify(file).unwrap().unwrap();
        assert_eq!(unlink_all(&[(file, &id)], &reserved).remove(0).unwrap_err().reason, Refusal::Reserved);
        assert!(root.path(&file.path).exists());
    }
    let deep = [file_beneath(&root.path("state/audit"), "vkey")];
    assert_eq!(identify_all(&deep, &reserved).remove(0).unwrap_err().reason, Refusal::Reserved);
    assert!(identify_all(&[root.file("mine.pdf")], &reserved).remove(0).unwrap().is_some());
    let beneath = |path: &str| reserved.beneath(&root.path(path)).len();
    assert_eq!((beneath(""), beneath("state/audit"), beneath("nothing")), (5, 1, 0));
}

#[test]
fn what_is_no_regular_file_is_refused() {
    let root = Root::with(&["directory/a.pdf"]);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.path("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    assert_eq!(root.refusal("directory"), Refusal::NotRegular);
    assert_eq!(root.refusal("pipe"), Refusal::NotRegular);
    assert_eq!(root.refusal("directory/a.pdf/b.pdf"), Refusal::NotRegular);
}

#[test]
fn another_file_system_is_refused() {
    let refusal = identify(&file_beneath(Path::new("/"), "proc/self/status")).unwrap_err().reason;
    assert_eq!(refusal, Refusal::OtherFileSystem);
}

#[test]
fn a_root_that_is_not_there_is_refused_rather_than_taken_for_an_absent_file() {
    let root = Root::with(&["a.pdf"]);
    for missing in ["nothing", "a.pdf"] {
        let refusal = identify(&file_beneath(&root.path(missing), "a.pdf")).unwrap_err().reason;
        assert_eq!(refusal, Refusal::Root);
    }
}

/// The superuser may write anywhere: this test runs itself again as a user who may not.
#[test]
fn a_directory_that_cannot_be_written_is_refused_before_it_is_too_late() {
    const ORDINARY_USER: u32 = 65_534;
    if rustix::process::geteuid().is_root() {
        let name = "records::files::tests::a_directory_that_cannot_be_written_is_refused_before_it_is_too_late";
        let copy = TempDir::new_in("/tmp").unwrap();
        fs::set_permissions(copy.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let program = copy.path().join("tests");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let mut again = std::process::Command::new(program);
        again.args(["--exact", name]).env("TMPDIR", "/tmp").current_dir("/tmp").uid(ORDINARY_USER);
        let status = loop {
            match again.status() {
                // A child that another test just forked still has the copy open for writing.
                Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
                ended => break ended.unwrap(),
            }
        };
        assert!(status.success());
        return;
    }
    let root = Root::with(&["locked/a.pdf", "unreadable/a.pdf"]);
    let set_mode = |path, mode| fs::set_permissions(root.path(path), fs::Permissions::from_mode(mode)).unwrap();
    set_mode("locked", 0o555);
    set_mode("unreadable", 0o333);
    assert_eq!(root.refusal("locked/a.pdf"), Refusal::Unwritable);
    assert_eq!(root.refusal("unreadable/a.pdf"), Refusal::Unwritable);
    set_mode("locked", 0o755);
    set_mode("unreadable", 0o755);
}

#[test]
fn an_error_names_root_part_and_reason_and_never_the_file() {
    let root = Root::with(&[]);
    let error = identify(&root.file("../tremblay-jean.pdf")).unwrap_err().to_string();
    assert!(error.contains(root.path("").to_str().unwrap().trim_end_matches('/')) && error.contains("document"));
    assert!(error.contains("not plain") && !error.contains("tremblay"));
}
