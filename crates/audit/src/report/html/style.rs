//! The style sheet: a quiet document on screen, in the dark and on A4.

/// All of it. Nothing in it refers to anything outside of the page.
pub(super) const STYLE: &str = r#"
:root {
  --paper: #fff; --ink: #1d2126; --soft: #59616b; --rule: #d5d9de; --tint: #f5f6f8; --link: #1b4f8a;
  --upheld: #1c6b3a; --refuted: #a61b1b; --inconclusive: #855400; --not-tested: #59616b;
  --first: #1f5f8b; --third: #b8541f; --platform: #69727d; --operator: #2f7d4f; --unknown: #7a3f8f;
  --window: #f3ead2;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #15181c; --ink: #e4e7ea; --soft: #a3abb5; --rule: #383f47; --tint: #1d2126; --link: #8fbdf0;
    --upheld: #6cc68c; --refuted: #f08a80; --inconclusive: #e0b25a; --not-tested: #a3abb5;
    --first: #6aaede; --third: #e58b56; --platform: #98a1ab; --operator: #68bd88; --unknown: #c08ad6;
    --window: #39331f;
  }
}
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; }
body {
  max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; overflow-wrap: break-word;
  font: 15px/1.5 "Source Sans 3", "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", sans-serif;
}
h1 { font-size: 1.7rem; line-height: 1.25; margin: .4rem 0 .6rem; font-weight: 600; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .7rem; padding-top: .5rem; border-top: 1px solid var(--rule); font-weight: 600; }
h3 { font-size: 1.02rem; margin: 1.6rem 0 .4rem; font-weight: 600; overflow-wrap: anywhere; }
p { margin: .4rem 0; max-width: 46rem; overflow-wrap: anywhere; }
a { color: var(--link); }
small, .soft { color: var(--soft); font-size: .87em; }
.none { color: var(--soft); }
code { font: .86em/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; overflow-wrap: anywhere; unicode-bidi: isolate; }
ul { margin: .2rem 0; padding-left: 1.1rem; }
li { margin: .15rem 0; overflow-wrap: anywhere; }
td ul { padding-left: .9rem; }
time, data { white-space: nowrap; font-variant-numeric: tabular-nums; }
.masthead { color: var(--soft); display: flex; justify-content: space-between; flex-wrap: wrap; gap: .2rem 1.5rem; }
.headline { border-left: .4rem solid var(--not-tested); padding: .2rem 0 .2rem 1.1rem; margin: 1.2rem 0 1.4rem; }
.headline .verdict { font-size: 1.15rem; text-transform: capitalize; }
td .verdict { margin-right: .35em; }
.headline.upheld { border-color: var(--upheld); }
.headline.refuted { border-color: var(--refuted); }
.headline.inconclusive { border-color: var(--inconclusive); }
.headline p { margin: .35rem 0; }
nav ol { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; margin: 0; }
.verdict { font-weight: 600; white-space: nowrap; }
.verdict.upheld { color: var(--upheld); }
.verdict.refuted { color: var(--refuted); }
.verdict.inconclusive { color: var(--inconclusive); }
.verdict.not-tested { color: var(--not-tested); }
.lowered { border-left: .25rem solid var(--inconclusive); padding: .1rem 0 .1rem .9rem; margin: .8rem 0; }
.lowered h3 { margin: .1rem 0; }
.clear { font-weight: 600; }
dl { margin: .5rem 0; }
dl > div { display: grid; grid-template-columns: 12rem minmax(0, 1fr); gap: 1rem; padding: .28rem 0; border-bottom: 1px solid var(--rule); }
dl > div:last-child { border-bottom: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
dd > p:first-child { margin-top: 0; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 1rem; font-size: .9rem; line-height: 1.4; }
caption { text-align: left; color: var(--soft); padding: .2rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--rule); }
th { font-weight: 600; }
thead th { border-bottom: 1.5px solid var(--soft); vertical-align: bottom; overflow-wrap: normal; word-break: normal; }
td, tbody th { overflow-wrap: anywhere; }
tbody th { font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
.figure { text-align: right; white-space: nowrap; }
td p { margin: 0 0 .2rem; }
td ul, td p { max-width: none; }
.fixed { table-layout: fixed; }
.claim { border-bottom: 0; }
.claim th[scope=row] { width: 11rem; color: var(--soft); }
.scroll { overflow-x: auto; }
details { margin: .5rem 0; }
summary { cursor: pointer; color: var(--link); overflow-wrap: anywhere; }
.flows { color: var(--soft); }
:target { background: var(--window); }
figure { margin: 1rem 0; }
figcaption { color: var(--soft); font-size: .9rem; max-width: 46rem; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; padding: 0; margin: 0 0 .6rem; font-size: .87rem; color: var(--soft); }
.legend .swatch { display: inline-block; width: .75em; height: .75em; margin-right: .4em; }
.denied-sign { color: var(--refuted); font-weight: 600; }
h2.plain { border: 0; margin: 0; padding: 0; font-size: 1.02rem; }
figure > svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); font-size: 12px; font-family: inherit; }
svg .soft { fill: var(--soft); font-size: 11px; }
svg .group { font-weight: 600; }
svg .end { text-anchor: end; }
svg .middle { text-anchor: middle; }
svg .axis { stroke: var(--rule); stroke-width: 1; fill: none; }
svg .window { fill: var(--window); }
svg .down { opacity: .55; }
svg .between { opacity: .35; }
svg .first { fill: var(--first); } svg .third { fill: var(--third); } svg .platform { fill: var(--platform); }
svg .operator { fill: var(--operator); } svg .unknown { fill: var(--unknown); }
svg .denied { fill: var(--refuted); font-weight: 600; }
footer { margin-top: 3rem; padding-top: .6rem; border-top: 1px solid var(--rule); color: var(--soft); font-size: .87rem; }
#made { color: var(--soft); font-size: .9rem; }
#made h2 { color: var(--ink); }
@media (max-width: 40rem) { dl > div { grid-template-columns: 1fr; gap: 0; } .claim th[scope=row] { width: 6rem; } }
@page { size: A4; margin: 16mm 15mm 18mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; color: #59616b; } }
@page wide { size: A4 landscape; margin: 14mm 14mm 16mm; }
@media print {
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  html { font-size: 9.5pt; }
  body { max-width: none; padding: 0; font-size: 1rem; }
  nav { display: none; }
  h1 { font-size: 17pt; }
  h2, h3, caption, summary { break-after: avoid; }
  h2 { margin-top: 1.4rem; }
  thead { display: table-header-group; }
  tr, li, dl > div, .lowered, .headline { break-inside: avoid; }
  figure { break-inside: avoid; }
  figure > svg { max-height: 225mm; }
  a { color: inherit; text-decoration: none; }
  .wide { page: wide; }
  .wide table { font-size: 7.6pt; }
  .scroll { overflow: visible; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
  summary { list-style: none; color: var(--soft); }
  p, li { orphans: 3; widows: 3; }
}
"#;
