//! Whether the node can keep what must outlive it.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use super::Finding;

pub(super) fn look(data_dir: &Path) -> Finding {
    let shown = data_dir.display();
    if data_dir.is_dir() {
        return match try_out(data_dir) {
            Ok(()) => Finding::ok("data_dir", format!("{shown} can be written to")),
            Err(error) => unwritable(&format!("{shown} cannot be written to ({error})")),
        };
    }
    if data_dir.exists() {
        return unwritable(&format!("{shown} is no directory"));
    }
    let above = data_dir.ancestors().skip(1).find(|above| above.is_dir()).unwrap_or(Path::new("."));
    match try_out(above) {
        Ok(()) => Finding::ok("data_dir", format!("{shown} can be made")),
        Err(error) => unwritable(&format!("{shown} cannot be made ({error})")),
    }
}

/// Makes a file and removes it again.
fn try_out(directory: &Path) -> io::Result<()> {
    let file = directory.join(format!(".wigwag-check-{}", std::process::id()));
    OpenOptions::new().write(true).create_new(true).open(&file)?;
    fs::remove_file(&file)
}

fn unwritable(what: &str) -> Finding {
    let fix = "make it and give it to the user of the server, or write data_dir = \"/var/lib/wigwag\" under [server]";
    Finding::error("data_dir", what, Some(fix.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn directory_is_there_or_can_be_made_or_neither() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();

        assert_eq!(look(home.path()).grade, Grade::Ok);
        assert_eq!(look(&home.path().join("deep/below")).grade, Grade::Ok);
        assert_eq!(look(&file).grade, Grade::Error);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing stays behind");
    }
}
