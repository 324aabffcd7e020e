//! Whose a packet is, where a capture says so.

/// What a capture says of the process that sent or received packets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PacketLabel {
    /// The name of the app or process.
    pub app: Option<String>,
    /// The name of its package, where that is told as well.
    pub package: Option<String>,
    /// Its number: a process id or an Android user id.
    pub id: Option<u32>,
    /// A comment on the packet, as text.
    pub comment: Option<String>,
}

impl PacketLabel {
    /// Whether it names an app, by the app's own name or its package's. An app of Android may have
    /// further processes, named by the package, a colon and a name of their own.
    #[must_use]
    pub fn is(&self, app: &str) -> bool {
        let is_same = |name: &str| package_of(name) == package_of(app);
        self.app.as_deref().is_some_and(is_same) || self.package.as_deref().is_some_and(is_same)
    }

    /// Comments of the form `app=NAME` or `app: NAME` (also process, package, uid, pid) name an app. One
    /// that names several names none: which of them sent the packet is not known.
    pub(super) fn from_comment(comment: String) -> Self {
        let mut label = Self::default();
        let mut several = false;
        for part in comment.split([',', ';', '\n', '|']) {
            let Some((key, value)) = part.split_once(['=', ':']) else { continue };
            let value = value.trim();
            let name = match key.trim().to_ascii_lowercase().as_str() {
                "app" | "process" | "procname" => &mut label.app,
                "package" => &mut label.package,
                "uid" | "pid" => {
                    label.id = value.parse().ok();
                    continue;
                }
                _ => continue,
            };
            if !value.is_empty() {
                several |= name.replace(value.to_owned()).is_some_and(|other| other != value);
            }
        }
        if several {
            (label.app, label.package) = (None, None);
        }
        label.app = label.app.or_else(|| label.package.clone());
        label.comment = Some(comment);
        label
    }
}

/// The package of a process of Android; other names, as those of files, as they are.
fn package_of(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((package, process))
            if !process.is_empty() && package.contains('.') && !package.contains(['/', '\\', ' ']) =>
        {
            package
        }
        Some(_) | None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_names_one_app_or_none() {
        for (comment, app, package) in [
            ("app=Fly; uid=7", Some("Fly"), None),
            ("app: Fly, package: dji.go.v5", Some("Fly"), Some("dji.go.v5")),
            ("package=dji.go.v5", Some("dji.go.v5"), Some("dji.go.v5")),
            ("process=dji.go.v5, process=dji.go.v5", Some("dji.go.v5"), None),
            ("process=dji.go.v5, process=system", None, None),
            ("app=Fly, process=system", None, None),
            ("process=dji.go.v5, package=a, package=b", None, None),
            ("app=", None, None),
        ] {
            let label = PacketLabel::from_comment(comment.to_owned());
            assert_eq!((label.app.as_deref(), label.package.as_deref()), (app, package), "{comment}");
        }
    }

    #[test]
    fn an_app_is_all_of_its_processes() {
        let label = PacketLabel::from_comment("process=dji.go.v5:remote".to_owned());
        assert!(label.is("dji.go.v5") && label.is("dji.go.v5:remote") && label.is("dji.go.v5:push"));
        assert!(!label.is("dji.go") && !label.is("remote"));
        let label = PacketLabel::from_comment("process=C:\\Windows\\svchost.exe".to_owned());
        assert!(!label.is("C:\\dji\\fly.exe") && !label.is("C"));
        assert!(PacketLabel::from_comment("process=dji.go.v5".to_owned()).is("dji.go.v5:remote"));
    }
}
