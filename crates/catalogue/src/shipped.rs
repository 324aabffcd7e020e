//! The files that come with Creance.

/// The shipped files, name and text, in the order of their names: what
/// [`Catalogue::shipped`](crate::Catalogue::shipped) reads. For digests and for showing.
#[must_use]
pub const fn shipped_files() -> &'static [(&'static str, &'static str)] {
    FILES
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$((
            concat!("catalogue/", $name),
            include_str!(concat!("../../../catalogue/", $name)),
        )),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "airmap.toml",
    "amap.toml",
    "ardupilot.toml",
    "auterion.toml",
    "bytedance.toml",
    "dji.toml",
    "dronecode.toml",
    "esri.toml",
    "google.toml",
    "jiguang.toml",
    "mapbox.toml",
    "maptiler.toml",
    "meta.toml",
    "microsoft.toml",
    "mobtech.toml",
    "parrot.toml",
    "platform-android.toml",
    "platform-apple.toml",
    "platform-microsoft.toml",
    "platform-ntp-pool.toml",
    "platform-ubuntu.toml",
    "tencent.toml",
    "weibo.toml",
];
