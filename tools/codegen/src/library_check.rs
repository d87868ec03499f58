//! Checks of the built shared library: what it exports, its name and versions, what it needs.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use object::elf;
use object::read::elf::{Dyn, ElfFile64, FileHeader, SectionHeader, Sym};
use object::{Endianness, StringTable};

/// Only in builds with fault injection.
const TEST_ENTRIES: [&str; 2] = ["arkgrpc_test_panic", "arkgrpc_test_use_after_free"];

/// Libraries of the C runtime; anything else would have to be installed with ours.
const ALLOWED: [&str; 6] = [
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "libpthread.so.0",
    "libdl.so.2",
    "ld-linux",
];

/// What a shared library says about itself.
#[derive(Debug, Default)]
pub struct Library {
    /// Exported symbols with their version, if they have one.
    pub exports: Vec<(String, Option<String>)>,
    /// DT_SONAME.
    pub soname: Option<String>,
    /// DT_NEEDED.
    pub needed: Vec<String>,
    /// Whether DF_1_NODELETE is set.
    pub nodelete: bool,
    /// The newest `GLIBC_` version among the required ones.
    pub newest_glibc: Option<(u32, u32)>,
}

/// Checks a built library against `tests/abi` and reports what it is.
pub fn check(root: &Path, path: &Path, fault_injection: bool) -> Result<String> {
    let bytes =
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let library =
        read(&bytes).with_context(|| format!("{} is no readable ELF file", path.display()))?;
    let mut symbols = listed_symbols(root)?;
    if fault_injection {
        symbols.extend(TEST_ENTRIES.map(str::to_owned));
    }
    let faults = faults(&library, &symbols);
    if !faults.is_empty() {
        bail!("{}:\n  {}", path.display(), faults.join("\n  "));
    }
    let (major, minor) = library.newest_glibc.unwrap_or_default();
    Ok(format!(
        "{} symbols as listed, all versioned; soname {}; nodelete; needs {}; glibc {major}.{minor}",
        library.exports.len(),
        library.soname.unwrap_or_default(),
        library.needed.join(", "),
    ))
}

/// The frozen list of exported symbols.
pub fn listed_symbols(root: &Path) -> Result<BTreeSet<String>> {
    let text = std::fs::read_to_string(root.join("tests/abi/symbols.txt"))
        .context("tests/abi/symbols.txt cannot be read")?;
    let lines = text.lines().map(str::trim);
    Ok(lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect())
}

/// The name that the library must have: its number is the ABI's major number.
pub fn wanted_soname() -> String {
    format!("libarkgrpc.so.{}", env!("CARGO_PKG_VERSION_MAJOR"))
}

/// Everything that is wrong with the library.
pub fn faults(library: &Library, symbols: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let soname = wanted_soname();
    let exported: BTreeSet<String> = library
        .exports
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    for name in exported.difference(symbols) {
        faults.push(format!(
            "{name} is exported, but not listed in tests/abi/symbols.txt"
        ));
    }
    for name in symbols.difference(&exported) {
        faults.push(format!(
            "{name} is listed in tests/abi/symbols.txt, but not exported"
        ));
    }
    for (name, version) in &library.exports {
        if version.as_deref() != Some(&soname) {
            let found = version.as_deref().unwrap_or("none");
            faults.push(format!("{name} has version {found} instead of {soname}"));
        }
    }
    if library.soname.as_deref() != Some(&soname) {
        faults.push(format!(
            "the soname is {:?} instead of {soname}",
            library.soname
        ));
    }
    if !library.nodelete {
        faults.push("it is not linked with -z nodelete".to_owned());
    }
    for name in &library.needed {
        if !ALLOWED.iter().any(|allowed| name.starts_with(allowed)) {
            faults.push(format!(
                "it needs {name}, which is not part of the C runtime"
            ));
        }
    }
    faults
}

/// Reads a 64-bit ELF shared library.
pub fn read(bytes: &[u8]) -> Result<Library> {
    let file: ElfFile64<'_, Endianness> = ElfFile64::parse(bytes)?;
    let endian = file.endian();
    let header = file.elf_header();
    let sections = header.sections(endian, bytes)?;
    let symbols = sections.symbols(endian, bytes, elf::SHT_DYNSYM)?;
    let versions = sections
        .versions(endian, bytes)?
        .context("it has no symbol versions at all")?;
    let mut library = Library::default();
    for (index, symbol) in symbols.enumerate() {
        let name = text(symbols.symbol_name(endian, symbol)?)?;
        let index_of_version = versions.version_index(endian, index);
        let version = versions.version(index_of_version)?;
        let version = version.map(|version| text(version.name())).transpose()?;
        if symbol.is_undefined(endian) {
            library.newest_glibc = library.newest_glibc.max(version.as_deref().and_then(glibc));
        } else if symbol.st_bind() != elf::STB_LOCAL && symbol.st_shndx(endian) != elf::SHN_ABS {
            library.exports.push((name, version));
        }
    }
    let strings = symbols.strings();
    for section in sections.iter() {
        if let Some((entries, _)) = section.dynamic(endian, bytes)? {
            for entry in entries {
                read_dynamic(&mut library, entry, endian, strings)?;
            }
        }
    }
    library.exports.sort();
    Ok(library)
}

fn read_dynamic(
    library: &mut Library,
    entry: &elf::Dyn64<Endianness>,
    endian: Endianness,
    strings: StringTable<'_>,
) -> Result<()> {
    match entry.tag(endian) {
        elf::DT_SONAME => library.soname = Some(text(entry.string(endian, strings)?)?),
        elf::DT_NEEDED => library.needed.push(text(entry.string(endian, strings)?)?),
        elf::DT_FLAGS_1 => {
            library.nodelete = entry.d_val(endian) & u64::from(elf::DF_1_NODELETE) != 0;
        }
        _ => {}
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).context("a name is not UTF-8")
}

fn glibc(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.strip_prefix("GLIBC_")?.split_once('.')?;
    let minor = minor.split('.').next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
