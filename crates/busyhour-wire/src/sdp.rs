//! Session descriptions (RFC 8866) as borrowed views: where the peer wants its media, and in which form.

/// Kinds of media that a call can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Medium {
    /// `m=audio`.
    Audio,
    /// `m=video`.
    Video,
    /// `m=image`: T.38.
    Image,
    /// `m=text`: RFC 4103.
    Text,
}

impl Medium {
    /// How many there are.
    pub const COUNT: usize = 4;
    /// All of them.
    pub const ALL: [Medium; Medium::COUNT] = [Medium::Audio, Medium::Video, Medium::Image, Medium::Text];

    /// 0-based, for tables.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// As `m=` writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Medium::Audio => "audio",
            Medium::Video => "video",
            Medium::Image => "image",
            Medium::Text => "text",
        }
    }
}
