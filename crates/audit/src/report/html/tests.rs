//! What a page must and must not hold.

use super::*;
use crate::report::sample;

fn pages() -> Vec<String> {
    let mut comparison = sample::comparison();
    comparison.names = sample::HOSTILE.iter().map(|name| (*name).to_owned()).collect();
    comparison.reports = vec![sample::hostile(), sample::report()];
    vec![
        page(&sample::report()),
        page(&sample::hostile()),
        page(&sample::empty()),
        comparison_page(&sample::comparison()),
        comparison_page(&comparison),
    ]
}

/// The tags of a page, without what stands in the style sheet.
fn tags(page: &str) -> Vec<&str> {
    let body = page.split("</style>").skip(1).collect::<Vec<_>>();
    assert_eq!(body.len(), 1, "the style sheet ends once");
    body[0].split('<').skip(1).map(|rest| rest.split('>').next().unwrap()).collect()
}

#[test]
fn the_verdict_stands_first_in_words_and_with_its_reasons() {
    let page = page(&sample::report());
    let verdict = page.find("<span aria-hidden=\"true\">✗ </span>refuted").expect("the main verdict");
    let main = page.find("<h1><bdi>2 claims were requested: 2 refuted.</bdi></h1>").expect("the headline");
    let asked = page.find("What was asked</h2>").expect("the question");
    assert!(verdict < main && main < asked);
    for text in [
        "<bdi>traffic left for 2 services that are not exempt</bdi>",
        "<a href=\"#flow-4\">4</a>, 9 and 3 more",
        "with no exemptions",
        "<caption>What claim 4 rests on</caption>",
        "probably Acme: shares example.com with 4 catalogued hosts",
        "title=\"1,234,567 bytes\">1.23 MB<",
        "cloud range: us-east-1",
        "judged window</text>",
        "not known, which is not the same as none",
        "12 packets are cut short by the snap length",
        "The source code.",
        &"c0ffee00".repeat(8),
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn the_places_of_servers_and_the_jurisdiction_are_columns_of_their_own() {
    let page = page(&sample::report());
    for column in [
        "Jurisdiction",
        "Where its servers stand, and how that is known",
        "Takes, says the catalogue",
        "Seen in clear on the wire",
    ] {
        assert!(page.contains(&format!("<th scope=\"col\"><bdi>{column}</bdi></th>")), "{column}");
    }
}

#[test]
fn nothing_of_a_capture_becomes_markup() {
    for page in pages() {
        for tag in tags(&page) {
            let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap();
            assert!(
                !["script", "img", "iframe", "link", "object", "embed", "base", "form"].contains(&name),
                "{tag}"
            );
        }
        assert!(!page.contains("<script>alert"));
    }
    assert!(page(&sample::hostile()).contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn nothing_comes_from_outside() {
    for page in pages() {
        assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
        let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("http"));
        for tag in tags(&page) {
            assert!(!tag.contains(" src=") || tag.contains('"'), "{tag}");
            for attribute in [" src=\"", " srcset=\"", " data=\"", " action=\"", " xlink:href=\""] {
                assert!(!tag.contains(attribute), "{tag}");
            }
            if let Some(target) = tag.split(" href=\"").nth(1) {
                assert!(target.starts_with('#'), "{tag}");
            }
        }
    }
}

#[test]
fn what_reorders_or_hides_text_is_written_out() {
    for page in pages() {
        assert!(page.chars().all(|c| c == '\n' || !words::is_harmful(c)));
    }
    let page = page(&sample::hostile());
    assert!(page.contains("exe.\\u{202e}gpj."));
    assert!(page.contains("\\u{1b}[2J"));
}

#[test]
fn endless_names_are_cut_and_their_length_is_told() {
    let page = page(&sample::hostile());
    assert!(!page.contains(&"A".repeat(2000)));
    assert!(page.contains(&format!("<strong><bdi>{}…</bdi>", "A".repeat(299))));
    assert!(page.contains("(5,000 characters)"));
}

#[test]
fn tags_are_balanced_and_ids_are_unique() {
    const VOID: [&str; 4] = ["meta", "col", "br", "!DOCTYPE"];
    for page in pages() {
        let mut open: Vec<&str> = vec!["html", "head"];
        let mut ids = std::collections::BTreeSet::new();
        for tag in tags(&page) {
            let name = tag.split([' ', '\n']).next().unwrap();
            if let Some(id) = tag.split(" id=\"").nth(1).and_then(|rest| rest.split('"').next()) {
                assert!(ids.insert(id), "{id} stands twice");
            }
            match name.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "</{name}>"),
                None if VOID.contains(&name) => {}
                None => open.push(name),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn inner_links_lead_somewhere() {
    for page in pages() {
        for tag in tags(&page) {
            if let Some(target) = tag.split(" href=\"#").nth(1).and_then(|rest| rest.split('"').next()) {
                assert!(page.contains(&format!(" id=\"{target}\"")), "{target}");
            }
        }
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(pages(), pages());
}

#[test]
fn the_picture_draws_only_numbers() {
    for page in pages() {
        for tag in tags(&page)
            .into_iter()
            .filter(|tag| tag.starts_with("rect") || tag.starts_with("line") || tag.starts_with("text"))
        {
            assert!(!tag.contains("NaN") && !tag.contains("inf"), "{tag}");
        }
    }
}

#[test]
fn a_comparison_shows_both_sides() {
    let page = comparison_page(&sample::comparison());
    for text in [
        "local-data has not: Flight-log sync (acme.sync).",
        "−1.23 MB",
        "+9.50 kB",
        "not contacted",
        "The captures last 12 and 9 minutes.",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

/// Writes the pages to the folder that CREANCE_RENDER names, to be looked at.
#[test]
fn pages_are_written_where_asked() {
    if let Some(folder) = std::env::var_os("CREANCE_RENDER") {
        let folder = std::path::Path::new(&folder);
        for (name, page) in
            ["report", "hostile", "empty", "comparison", "hostile-comparison"].into_iter().zip(pages())
        {
            std::fs::write(folder.join(name).with_extension("html"), page).unwrap();
        }
    }
}
