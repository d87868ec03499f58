//! How lnd pages its lists: offsets are exclusive, pages come in ascending order in both
//! directions, and a page size of zero means a hundred.

const DEFAULT_PAGE: usize = 100;

/// Which page of a list is wanted.
pub(crate) struct Page {
    pub offset: u64,
    pub size: u64,
    pub reversed: bool,
}

/// The entries of a page, from entries in ascending order of their index.
pub(crate) fn page<T>(entries: Vec<(u64, T)>, wanted: &Page) -> Vec<(u64, T)> {
    let size = match usize::try_from(wanted.size) {
        Ok(0) => DEFAULT_PAGE,
        Ok(size) => size,
        Err(_) => usize::MAX,
    };
    if wanted.reversed {
        let before = |index: u64| wanted.offset == 0 || index < wanted.offset;
        let mut newest: Vec<_> = entries
            .into_iter()
            .rev()
            .filter(|(index, _)| before(*index))
            .take(size)
            .collect();
        newest.reverse();
        newest
    } else {
        entries
            .into_iter()
            .filter(|(index, _)| *index > wanted.offset)
            .take(size)
            .collect()
    }
}

/// The first and the last index of a page, zero if it is empty.
pub(crate) fn ends<T>(page: &[(u64, T)]) -> (u64, u64) {
    let index = |entry: Option<&(u64, T)>| entry.map_or(0, |(index, _)| *index);
    (index(page.first()), index(page.last()))
}
