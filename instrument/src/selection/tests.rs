use super::*;

fn list(text: &str) -> List {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    std::fs::write(&path, text).unwrap();
    List::read(&path, "AFL_LLVM_ALLOWLIST").unwrap()
}

fn select(sources: &str, family: Family, allow: &str, deny: &str) -> Selection {
    let source = |name: &str| Source {
        name: name.into(),
        is_preprocessed: false,
    };
    let sources: Vec<Source> = sources.split(' ').map(source).collect();
    let [allow, deny] = [allow, deny].map(|text| (!text.is_empty()).then(|| list(text)));
    Selection::of(&sources, family, allow.as_ref(), deny.as_ref())
}

/// `allow|deny|warning` of a selection without the first lines, or `nothing`.
fn shown(selection: &Selection) -> String {
    if selection.is_nothing {
        return "nothing".to_owned();
    }
    let list = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        text.replace(VERSION, "").trim().replace('\n', " ")
    };
    let warns = if selection.warning.is_some() { "!" } else { "" };
    format!(
        "{}|{}|{warns}",
        list(&selection.allow),
        list(&selection.deny)
    )
}

#[test]
fn clang_gets_lists_where_the_command_is_not_of_one_kind() {
    let cases = [
        ("in.c", "in.c", "", "||"),
        ("out.c", "in.c", "", "nothing"),
        ("in.c out.c", "in.c", "", "src:in\\.c fun:*||"),
        ("in.c", "f", "", "src:in\\.c fun:*f||"),
        ("in.c", "in.c\nf", "", "||"),
        ("out.c", "in.c\nfun: f*", "", "src:out\\.c fun:*f*||"),
        (
            "in.c out.c",
            "in.c\nf",
            "",
            "src:in\\.c src:out\\.c fun:*||!",
        ),
        ("in.c", "", "in.c", "nothing"),
        ("in.c out.c", "", "in.c", "src:out\\.c fun:*||"),
        ("in.c", "", "g", "|fun:*g|"),
        ("in.c", "in.c", "g\nh.c", "|fun:*g|"),
        ("in.c out.c", "f", "out.c\ng", "src:in\\.c fun:*f|fun:*g|"),
    ];
    for (sources, allow, deny, expected) in cases {
        let selection = select(sources, Family::Clang, allow, deny);
        assert_eq!(shown(&selection), expected, "{sources} {allow:?} {deny:?}");
    }
}

#[test]
fn gcc_instruments_all_or_nothing() {
    let cases = [
        ("in.c", "in.c", "", "||"),
        ("out.c", "in.c", "", "nothing"),
        ("in.c out.c", "in.c", "", "||!"),
        ("in.c", "f", "", "||!"),
        ("in.c", "", "g", "||!"),
        ("in.c", "", "in.c", "nothing"),
    ];
    for (sources, allow, deny, expected) in cases {
        let selection = select(sources, Family::Gcc, allow, deny);
        assert_eq!(shown(&selection), expected, "{sources} {allow:?} {deny:?}");
    }
}

#[test]
fn preprocessed_sources_have_the_name_of_the_original() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.i");
    std::fs::write(&path, "# 1 \"dir/in.c\"\nint a;\n").unwrap();
    let mut source = Source {
        name: path.into(),
        is_preprocessed: true,
    };
    let is_nothing = |source: &Source| {
        Selection::of(
            std::slice::from_ref(source),
            Family::Clang,
            Some(&list("in.c")),
            None,
        )
        .is_nothing
    };
    assert!(!is_nothing(&source));
    source.is_preprocessed = false;
    assert!(is_nothing(&source));
}
