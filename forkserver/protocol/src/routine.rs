//! Functions that compare two buffers, and what their arguments are: what
//! `tine-cc --cmplog` hooks, and how the runtime reads the operands.
//!
//! C functions are those that AFL++ hooks by name. C++ functions are the members
//! of `std::string` that are not inlined; the others come down to `memcmp`.

/// Meaning of the arguments of a function. The number goes from a hook to the
/// runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Shape {
    /// `(a, b, bytes)`.
    Memory = 1,
    /// `(a, b)`: strings.
    String = 2,
    /// `(a, b, bytes)`: strings, compared up to there.
    BoundedString = 3,
    /// `(haystack, needle)`: strings; also a prefix in the needle's place.
    Substring = 4,
    /// `(haystack, needle)`: strings, where the needle is looked for at the end.
    Suffix = 5,
    /// `(haystack, bytes, needle)`: strings, the first one of so many bytes.
    BoundedSubstring = 6,
    /// `(haystack, needle, bytes)`: the same in another order.
    SubstringBounded = 7,
    /// `(haystack, bytes, needle, bytes)`.
    Memmem = 8,
    /// libstdc++: `(this, text)`: a `std::string` and a string of C.
    GnuText = 9,
    /// libstdc++: `(this, other)`: two `std::string`s.
    GnuString = 10,
    /// libstdc++: `(this, position, count, text)`.
    GnuPartText = 11,
    /// libstdc++: `(this, position, count, text, bytes)`.
    GnuPartBytes = 12,
    /// libstdc++: `(this, position, count, other)`.
    GnuPartString = 13,
    /// libstdc++: `(this, text, position)`: finds.
    GnuFindText = 14,
    /// libstdc++: `(this, text, position, bytes)`: finds.
    GnuFindBytes = 15,
    /// libstdc++: `(this, other, position)`: finds.
    GnuFindString = 16,
    /// libc++: as [`Shape::GnuText`].
    LlvmText = 17,
    /// libc++: as [`Shape::GnuPartText`].
    LlvmPartText = 18,
    /// libc++: as [`Shape::GnuPartBytes`].
    LlvmPartBytes = 19,
    /// libc++: as [`Shape::GnuFindBytes`].
    LlvmFindBytes = 20,
}

impl Shape {
    /// All of them, by number from 1 on.
    pub const ALL: [Self; 20] = [
        Self::Memory,
        Self::String,
        Self::BoundedString,
        Self::Substring,
        Self::Suffix,
        Self::BoundedSubstring,
        Self::SubstringBounded,
        Self::Memmem,
        Self::GnuText,
        Self::GnuString,
        Self::GnuPartText,
        Self::GnuPartBytes,
        Self::GnuPartString,
        Self::GnuFindText,
        Self::GnuFindBytes,
        Self::GnuFindString,
        Self::LlvmText,
        Self::LlvmPartText,
        Self::LlvmPartBytes,
        Self::LlvmFindBytes,
    ];

    /// The shape of this number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        if number == 0 || number as usize > Self::ALL.len() {
            return None;
        }
        Some(Self::ALL[number as usize - 1])
    }
}

const _: () = {
    let mut index = 0;
    while index < Shape::ALL.len() {
        assert!(Shape::ALL[index] as usize == index + 1);
        index += 1;
    }
};

/// Names of functions of one [`Shape`].
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Meaning of their arguments.
    pub shape: Shape,
    /// As the linker sees them.
    pub names: &'static [&'static str],
}

/// Functions of the C library. Compilers know them and have to be told not to do
/// their work inline (`-fno-builtin-…`).
pub const BUILTIN: &[Family] = &[
    Family {
        shape: Shape::Memory,
        names: &["memcmp", "bcmp"],
    },
    Family {
        shape: Shape::String,
        names: &["strcmp", "strcasecmp"],
    },
    Family {
        shape: Shape::BoundedString,
        names: &["strncmp", "strncasecmp"],
    },
    Family {
        shape: Shape::Substring,
        names: &["strstr", "strcasestr"],
    },
    Family {
        shape: Shape::Memmem,
        names: &["memmem"],
    },
];

/// Functions of other libraries.
pub const LIBRARY: &[Family] = &[
    Family {
        shape: Shape::Memory,
        names: &[
            "CRYPTO_memcmp",
            "OPENSSL_memcmp",
            "memcmp_const_time",
            "memcmpct",
        ],
    },
    Family {
        shape: Shape::String,
        names: &[
            "xmlStrcmp",
            "xmlStrEqual",
            "xmlStrcasecmp",
            "g_strcmp0",
            "g_strcasecmp",
            "g_ascii_strcasecmp",
            "g_str_equal",
            "curl_strequal",
            "Curl_strcasecompare",
            "Curl_safe_strcasecompare",
            "strcsequal",
            "stricmp",
            "ap_cstr_casecmp",
            "apr_cstr_casecmp",
            "OPENSSL_strcasecmp",
            "cmsstrcasecmp",
            "sqlite3_stricmp",
            "sqlite3StrICmp",
        ],
    },
    Family {
        shape: Shape::BoundedString,
        names: &[
            "xmlStrncmp",
            "xmlStrncasecmp",
            "g_ascii_strncasecmp",
            "g_strncasecmp",
            "curl_strnequal",
            "Curl_strncasecompare",
            "strnicmp",
            "ap_cstr_casecmpn",
            "apr_cstr_casecmpn",
            "OPENSSL_strncasecmp",
            "sqlite3_strnicmp",
        ],
    },
    Family {
        shape: Shape::Substring,
        names: &[
            "ap_strcasestr",
            "xmlStrstr",
            "xmlStrcasestr",
            "g_str_has_prefix",
        ],
    },
    Family {
        shape: Shape::Suffix,
        names: &["g_str_has_suffix"],
    },
    Family {
        shape: Shape::BoundedSubstring,
        names: &["g_strstr_len"],
    },
    Family {
        shape: Shape::SubstringBounded,
        names: &["strnstr"],
    },
];

/// Members of `std::string`, of libstdc++ and of libc++.
pub const STRING: &[Family] = &[
    Family {
        shape: Shape::GnuText,
        names: &["_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE7compareEPKc"],
    },
    Family {
        shape: Shape::GnuString,
        names: &["_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE7compareERKS4_"],
    },
    Family {
        shape: Shape::GnuPartText,
        names: &["_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE7compareEmmPKc"],
    },
    Family {
        shape: Shape::GnuPartBytes,
        names: &["_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE7compareEmmPKcm"],
    },
    Family {
        shape: Shape::GnuPartString,
        names: &["_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE7compareEmmRKS4_"],
    },
    Family {
        shape: Shape::GnuFindText,
        names: &["_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE4findEPKcm"],
    },
    Family {
        shape: Shape::GnuFindBytes,
        names: &["_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE4findEPKcmm"],
    },
    Family {
        shape: Shape::GnuFindString,
        names: &["_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE4findERKS4_m"],
    },
    Family {
        shape: Shape::LlvmText,
        names: &["_ZNKSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE7compareEPKc"],
    },
    Family {
        shape: Shape::LlvmPartText,
        names: &["_ZNKSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE7compareEmmPKc"],
    },
    Family {
        shape: Shape::LlvmPartBytes,
        names: &["_ZNKSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE7compareEmmPKcm"],
    },
    Family {
        shape: Shape::LlvmFindBytes,
        names: &["_ZNKSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE4findEPKcmm"],
    },
];

/// Every function with its shape.
pub fn all() -> impl Iterator<Item = (&'static str, Shape)> {
    [BUILTIN, LIBRARY, STRING]
        .into_iter()
        .flatten()
        .flat_map(|family| family.names.iter().map(|name| (*name, family.shape)))
}

/// The word that a hook tests: 0 while nothing is to be logged, otherwise the address of
/// the runtime's function that logs and goes on.
pub const HOOK: &str = "tine_cmplog_hook";

/// A symbol that stands for [`crate::signature::CMPLOG`].
pub const MARK: &str = "tine_log_mark";
