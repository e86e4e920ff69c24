//! Files that messages hold (`[file name=…]`).

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use busyhour_engine::settings::ReadFile;

/// Most bytes of a file: more than a message takes.
const BYTES_MAX: u64 = 64 << 10;
/// Most files remembered; when they are more, all are forgotten.
const FILES_MAX: usize = 64;

/// Reads files, whose names count from the working folder, and remembers what has not changed since.
#[derive(Debug, Default)]
pub(crate) struct FileReader {
    known: Mutex<HashMap<String, Known>>,
}

/// A file as it was read.
#[derive(Debug, Clone)]
struct Known {
    modified: Option<SystemTime>,
    len: u64,
    bytes: Arc<[u8]>,
}

impl ReadFile for FileReader {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        let why = |error: io::Error| {
            format!(
                "the file '{path}' can't be read: {error}. Names count from the folder that the run began in."
            )
        };
        let metadata = std::fs::metadata(path).map_err(why)?;
        check(path, &metadata)?;
        let (modified, len) = (metadata.modified().ok(), metadata.len());
        if let Some(known) = self.known().get(path)
            && known.modified == modified
            && known.len == len
        {
            return Ok(Arc::clone(&known.bytes));
        }
        let mut bytes = Vec::new();
        // One more than may be, for it may have grown since.
        File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes)).map_err(why)?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(too_long(path));
        }
        let bytes: Arc<[u8]> = bytes.into();
        let mut known = self.known();
        if known.len() >= FILES_MAX {
            known.clear();
        }
        known.insert(path.to_owned(), Known { modified, len, bytes: Arc::clone(&bytes) });
        Ok(bytes)
    }
}

impl FileReader {
    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        // An entry is whole once it is in.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pipe or a device could hold all calls up, so only files are read.
fn check(path: &str, metadata: &Metadata) -> Result<(), String> {
    if !metadata.is_file() {
        return Err(format!(
            "'{path}' is not a file. Only regular files stand in messages: write the text into one."
        ));
    }
    if metadata.len() > BYTES_MAX { Err(too_long(path)) } else { Ok(()) }
}

fn too_long(path: &str) -> String {
    format!("the file '{path}' is longer than a message can be ({BYTES_MAX} bytes). Shorten it.")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_file_is_read_again_when_it_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body.txt");
        let name = path.to_str().unwrap();
        let reader = FileReader::default();
        fs::write(&path, "one").unwrap();
        assert_eq!(&*reader.read(name).unwrap(), b"one");
        assert!(Arc::ptr_eq(&reader.read(name).unwrap(), &reader.read(name).unwrap()));
        fs::write(&path, "two").unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() + Duration::from_secs(5)).unwrap();
        assert_eq!(&*reader.read(name).unwrap(), b"two");
        fs::write(&path, "longer").unwrap();
        assert_eq!(&*reader.read(name).unwrap(), b"longer");
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let reader = FileReader::default();
        let path = folder.path().join("body.txt");
        let name = path.to_str().unwrap();
        let why = reader.read(name).unwrap_err();
        assert!(why.contains(name) && why.contains("No such file"), "{why}");
        let why = reader.read(folder.path().to_str().unwrap()).unwrap_err();
        assert!(why.contains("is not a file") && why.contains("regular"), "{why}");
        fs::write(&path, vec![b'x'; BYTES_MAX as usize]).unwrap();
        assert_eq!(reader.read(name).unwrap().len() as u64, BYTES_MAX);
        fs::write(&path, vec![b'x'; BYTES_MAX as usize + 1]).unwrap();
        assert!(reader.read(name).unwrap_err().contains("longer than a message"));
    }

    #[test]
    fn the_number_of_files_remembered_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let reader = FileReader::default();
        for n in 0..=FILES_MAX {
            let path = folder.path().join(n.to_string());
            fs::write(&path, "x").unwrap();
            reader.read(path.to_str().unwrap()).unwrap();
        }
        assert_eq!(reader.known().len(), 1);
    }
}
