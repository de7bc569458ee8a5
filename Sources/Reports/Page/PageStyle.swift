/// The page's style sheet: one column of text at a readable width, figures as wide as they serve, colours as
/// variables that light, dark and print set.
enum PageStyle {
  /// In a heat map, pointing at a cell makes the names of its row and its column stand out.
  static func linking(rows: Int) -> String {
    (0..<rows).map { index in
      "svg:has(.r\(index)>:hover) .rl\(index),svg:has(.c\(index):hover) .cl\(index){fill:var(--ink);font-weight:700}\n"
    }.joined()
  }

  static let sheet = """
    :root {
      --paper: #fcfcfa; --card: #ffffff; --ink: #1b1f24; --muted: #59616b; --rule: #d8dbdf; --link: #0b5c94;
      --yes: #0b6b4f; --no: #8a3b12; --open: #6a5200;
      color-scheme: light dark;
    }
    @media screen and (prefers-color-scheme: dark) {
      :root {
        --paper: #14171a; --card: #1b1f23; --ink: #e8eaec; --muted: #a4acb5; --rule: #3a4047; --link: #7cc0f2;
        --yes: #63d3ab; --no: #f2a577; --open: #e3c766;
      }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
    body {
      margin: 0 auto; max-width: 84rem; padding: 0 clamp(1rem, 4vw, 3rem) 4rem;
      background: var(--paper); color: var(--ink);
      font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", sans-serif;
      font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
    }
    header { padding: clamp(1.25rem, 3vw, 2.25rem) 0 0; }
    h1, h2, h3 { line-height: 1.25; text-wrap: pretty; }
    h1 { margin: 0 0 0.75rem; font-size: clamp(1.45rem, 1.1rem + 1.2vw, 2rem); letter-spacing: -0.01em; }
    h2 { margin: 3rem 0 1rem; font-size: 1.35rem; }
    h3 { margin: 0; font-size: 1.05rem; }
    .scroll + h3, .note + h3 { margin-top: 1.75rem; }
    p, ul, dl { margin: 0 0 0.75rem; }
    a { color: var(--link); text-underline-offset: 0.15em; }
    a:focus-visible, audio:focus-visible, summary:focus-visible, [tabindex]:focus-visible {
      outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px;
    }
    .lead { max-width: 62rem; font-size: clamp(1.05rem, 1rem + 0.3vw, 1.2rem); line-height: 1.45; }
    .text { max-width: 44rem; }
    .note, figcaption, .line { color: var(--muted); font-size: 0.9rem; }
    .line { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; padding: 0; list-style: none; }
    .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    .skip { position: absolute; left: -100vw; }
    .skip:focus { left: 1rem; top: 0.5rem; padding: 0.25rem 0.75rem; background: var(--card); z-index: 2; }
    section#answer > h2 { margin: 1rem 0 0.75rem; }

    .answer { display: grid; gap: 1.5rem 2.5rem; align-items: start; }
    .cards { display: grid; gap: 1rem; }
    .card {
      padding: 0.8rem 1.25rem; background: var(--card); border: 1px solid var(--rule);
      border-left: 5px solid var(--level); border-radius: 4px;
    }
    .card p { max-width: 44rem; margin-bottom: 0.5rem; }
    .card .peak { display: flex; flex-wrap: wrap; gap: 0 0.75rem; align-items: baseline; margin: 0.15rem 0 0.5rem; }
    .card .peak strong { font-size: 1.5rem; letter-spacing: -0.01em; }
    .card .peak span { color: var(--muted); }
    .chip { margin-left: 0.5rem; font-size: 0.85rem; font-weight: 600; white-space: nowrap; }
    .encoded { color: var(--yes); } .not-encoded { color: var(--no); } .undecided { color: var(--open); }
    .doubt { color: var(--muted); font-size: 0.9rem; }
    .gains { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin: 0.5rem 0 0; font-size: 0.9rem; }
    .gains dt { color: var(--muted); font-size: 0.8rem; } .gains dd { margin: 0; }

    figure { margin: 0; min-width: 0; max-width: 42rem; }
    .figures { display: grid; gap: 2rem 2.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 23rem), 1fr)); }
    #similarity .figures { grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
    .map { margin: 0 0 2.5rem; } .map figure { max-width: 66rem; } .map audio { max-width: 100%; margin-top: 0.5rem; }
    .drawing { overflow-x: auto; }
    .drawing svg { display: block; width: 100%; height: auto; }
    figcaption { margin: 0.5rem 0 0.25rem; max-width: 36rem; } figcaption b { color: var(--ink); }
    .mistakes { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem 2.5rem; align-items: start; margin: 0.75rem 0 2rem; }
    .mistakes caption { padding: 0.25rem; font-weight: 600; text-align: left; white-space: normal; }
    .mistakes .scroll { margin-bottom: 1rem; }
    @media (min-width: 74rem) { .mistakes { grid-template-columns: minmax(0, 36rem) minmax(0, 1fr); } }
    .choice > .option { display: none; }
    .choice > input:nth-of-type(1):checked ~ .option:nth-of-type(1),
    .choice > input:nth-of-type(2):checked ~ .option:nth-of-type(2),
    .choice > input:nth-of-type(3):checked ~ .option:nth-of-type(3),
    .choice > input:nth-of-type(4):checked ~ .option:nth-of-type(4) { display: block; }
    .choice > label { margin: 0 1rem 0 0.35rem; font-size: 0.9rem; }
    .slot:hover { fill: var(--ink); fill-opacity: 0.07; }
    .drawing g > rect:hover { stroke: var(--ink); stroke-width: 1; }
    summary { width: fit-content; cursor: pointer; color: var(--link); font-size: 0.9rem; padding: 0.25rem 0; }
    details[open] > summary { margin-bottom: 0.5rem; }

    .scroll { overflow-x: auto; max-width: 100%; }
    details .scroll { max-height: 30rem; overflow-y: auto; }
    table { border-collapse: collapse; font-size: 0.9rem; overflow-wrap: normal; }
    th, td { padding: 0.2rem 0.7rem; text-align: right; white-space: nowrap; }
    th { font-weight: 600; vertical-align: bottom; }
    tbody th { font-weight: 400; vertical-align: top; }
    th:first-child { position: sticky; left: 0; padding-left: 0.25rem; background: var(--paper); text-align: left; max-width: 40vw; overflow: hidden; text-overflow: ellipsis; }
    thead th { border-bottom: 1px solid var(--ink); }
    thead small { display: block; color: var(--muted); font-weight: 400; }
    tbody tr + tr > * { border-top: 1px solid var(--rule); }
    tbody tr.first > * { border-top: 1px solid var(--ink); }
    tbody tr:hover > td { background: color-mix(in srgb, var(--rule) 40%, transparent); }
    .numbers td { min-width: 9rem; }
    .interval { display: inline-block; min-width: 6.6em; color: var(--muted); font-size: 0.85em; text-align: left; }
    .best { font-weight: 700; } .best .interval { font-weight: 400; }
    .mark { margin-right: 0.35em; }

    .columns { display: grid; gap: 1.5rem 2.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
    .columns ul { padding-left: 1.1rem; }
    .facts > div { display: grid; grid-template-columns: minmax(7rem, 11rem) 1fr; gap: 1rem; padding: 0.15rem 0; }
    .facts dt { color: var(--muted); } .facts dd { margin: 0; }
    footer { margin-top: 3rem; border-top: 1px solid var(--rule); padding-top: 1rem; }

    @media (min-width: 68rem) { .answer { grid-template-columns: minmax(0, 1fr) minmax(0, 30rem); } .answer figure { position: sticky; top: 1rem; } }
    @media (max-width: 30rem) {
      .facts > div { grid-template-columns: 1fr; gap: 0; }
      table { font-size: 0.82rem; } th, td { padding: 0.2rem 0.3rem; } .numbers td { min-width: 0; } .interval { display: block; min-width: 0; text-align: right; }
    }
    @media (forced-colors: active) { .drawing svg { forced-color-adjust: none; background: #fff; } }
    @media print {
      :root { --paper: #ffffff; --ink: #000000; --muted: #444444; --rule: #bbbbbb; color-scheme: light; }
      html { font-size: 9.5pt; } body { max-width: none; padding: 0; }
      nav, .skip, details, audio, .choice > input, .choice > label { display: none; }
      .card, figure, .map, table { break-inside: avoid; }
      h2, h3 { break-after: avoid; }
      .drawing, .scroll { overflow: visible; } .drawing > div { max-width: 100%; }
      .answer { grid-template-columns: 1fr; } .answer figure { position: static; }
      .figures, #similarity .figures { grid-template-columns: repeat(2, 1fr); }
      .mistakes { grid-template-columns: 1fr; }
      #answer figure, #similarity figure { max-width: 110mm; }
      svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    }

    """
}
